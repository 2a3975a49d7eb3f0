/** One `type=value`; the value is bare, with `\` before special characters, or quoted, with quotes doubled inside. */
const attribute =
    /\s*([\w.-]+)\s*=\s*(?:"((?:[^"\\]|\\.|"")*)"|((?:[^,+;\n"\\]|\\.)*))\s*(?:[,+;\n]|$)/sy;

/** Types that OpenSSL, whose names Node.js shows, and .NET, whose names Azure shows, call differently. */
const otherTypes: ReadonlyMap<string, string> = new Map([
    ["emailaddress", "e"],
    ["gn", "g"],
    ["s", "st"],
    ["surname", "sn"],
    ["title", "t"],
    ["oid.2.5.4.5", "serialnumber"],
    ["oid.2.5.4.46", "dnqualifier"],
]);

/**
 * The attributes of a distinguished name in any of the usual notations, as texts that are equal if the attributes are:
 * sorted, because notations start at either end, and without regard to case and spacing (RFC 5280, 7.1).
 *
 * @returns undefined when the text is not such a name
 */
function attributesOf(name: string): readonly string[] | undefined {
    const attributes: string[] = [];
    attribute.lastIndex = 0;
    while (attribute.lastIndex < name.length) {
        const found = attribute.exec(name);
        if (found === null) {
            return undefined;
        }
        const [, type, quoted, bare] = found;
        attributes.push(`${typeName(type)}=${plain(quoted?.replace(/""/g, '"') ?? bare)}`);
    }
    return attributes.sort();
}

function typeName(type: string): string {
    const name = type.toLowerCase();
    return otherTypes.get(name) ?? name;
}

function plain(value: string): string {
    return value
        .replace(/\\([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
        .replace(/\\(.)/gs, "$1")
        .replace(/\s+/g, " ")
        .trim()
        .toLowerCase();
}

/** Whether two texts are the same distinguished name. Empty and unreadable names are equal to nothing. */
export function isSameName(one: string, other: string): boolean {
    const attributes = attributesOf(one);
    return (
        attributes !== undefined &&
        attributes.length > 0 &&
        attributes.join("\n") === attributesOf(other)?.join("\n")
    );
}

/** Whether two distinguished names have the same common name, whatever else they consist of. */
export function isSameCommonName(one: string, other: string): boolean {
    const common = commonNames(one);
    return common !== "" && common === commonNames(other);
}

function commonNames(name: string): string {
    const all = attributesOf(name) ?? [];
    return all.filter((one) => one.startsWith("cn=")).join("\n");
}

/** A name as Node.js writes it, one attribute a line, in one line: `CN=a, O=b`. */
export function oneLine(name: string): string {
    return name.split("\n").join(", ");
}
