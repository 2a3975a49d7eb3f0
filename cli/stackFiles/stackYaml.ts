import { dump, FAILSAFE_SCHEMA, load, Type, YAMLException } from "js-yaml";
import { visible } from "../../components/text/decode";

/*
 * YAML as the Pulumi CLI reads it, which is neither 1.1 nor 1.2: gopkg.in/yaml.v3 (resolve.go) accepts the octal numbers of
 * both (014, 0o14), underscores in numbers, and dates, but reads `yes` as text. Dates reach the program in Go's text form.
 */

const integer = /^[-+]?(?:0b[01]+|0o?[0-7]+|0x[0-9a-f]+|0|[1-9]\d*)$/i;
const decimal = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i;
const empty = /^(?:|~|null|Null|NULL)$/;
const truth = /^(?:true|True|TRUE|false|False|FALSE)$/;
const date =
    /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:\.(\d{1,9}))?(Z|[-+]\d\d:\d\d)| (\d\d?):(\d\d?):(\d\d?)(?:\.(\d{1,9}))?)?$/;

const plain = (text: string): string => text.replace(/_/g, "");

const integers = new Type("tag:yaml.org,2002:int", {
    kind: "scalar",
    resolve: (text: unknown) => isText(text) && /^[-+\d]/.test(text) && integer.test(plain(text)),
    construct: (text: string) => {
        const digits = plain(text).replace(/^[-+]/, "");
        const value = Number(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
        return text.startsWith("-") ? -value : value;
    },
});

const decimals = new Type("tag:yaml.org,2002:float", {
    kind: "scalar",
    resolve: (text: unknown) => isText(text) && /^[-+.\d]/.test(text) && decimal.test(plain(text)),
    construct: (text: string) => Number(plain(text)),
});

const nulls = new Type("tag:yaml.org,2002:null", {
    kind: "scalar",
    resolve: (text: unknown) => text === null || (isText(text) && empty.test(text)),
    construct: () => null,
});

const truths = new Type("tag:yaml.org,2002:bool", {
    kind: "scalar",
    resolve: (text: unknown) => isText(text) && truth.test(text),
    construct: (text: string) => text.toLowerCase() === "true",
});

const merges = new Type("tag:yaml.org,2002:merge", {
    kind: "scalar",
    resolve: (text: unknown) => text === "<<",
});

const dates = new Type("tag:yaml.org,2002:timestamp", {
    kind: "scalar",
    resolve: (text: unknown) => isText(text) && goDate(text) !== undefined,
    construct: (text: string) => goDate(text),
});

const schema = FAILSAFE_SCHEMA.extend({
    implicit: [nulls, truths, dates, integers, decimals, merges],
});

/** Why a text is not a settings file; the message quotes at most a name from the text. */
export class YamlError extends Error {
    /** @param line counted from 1; undefined if the fault is not in a single line */
    constructor(
        readonly reason: string,
        readonly line: number | undefined,
    ) {
        super(line === undefined ? reason : `line ${line}: ${reason}`);
        this.name = "YamlError";
    }
}

/** Maximum size that aliases may add, in characters: a fleet's common tags, repeated for every device, take less. */
const mostByAliases = 16 * 1024 * 1024;

/**
 * The content of a Pulumi.yaml or a stack's settings file. js-yaml refuses duplicate keys and endless nesting; this function
 * refuses aliases that would turn a small file into a huge value.
 *
 * @throws YamlError
 */
export function readYaml(text: string): unknown {
    let content: unknown;
    try {
        content = load(text, { schema });
    } catch (error) {
        if (error instanceof YAMLException) {
            // The original message quotes the text; the mark is absent if the whole text is at fault.
            const mark = error.mark as typeof error.mark | undefined;
            throw new YamlError(visible(error.reason.slice(0, 200)), mark && mark.line + 1);
        }
        throw error;
    }
    if (sizeOf(content, new Map()) > text.length + mostByAliases) {
        throw new YamlError("aliases (*name) make the file more than 16 MiB larger", undefined);
    }
    return content;
}

/**
 * Characters of a value with every alias expanded. Each alias is traversed once however often it is used, because js-yaml
 * returns the same object for all.
 */
function sizeOf(value: unknown, known: Map<object, number | undefined>): number {
    if (typeof value !== "object" || value === null) {
        return typeof value === "string" ? value.length : 1;
    }
    if (known.has(value)) {
        const size = known.get(value);
        if (size === undefined) {
            throw new YamlError("an alias (*name) is inside the node that it refers to", undefined);
        }
        return size;
    }
    known.set(value, undefined);
    const size = Object.entries(value).reduce(
        (sum, [key, item]) => sum + (Array.isArray(value) ? 0 : key.length) + sizeOf(item, known),
        1,
    );
    known.set(value, size);
    return size;
}

/** `2027-01-01 12:00:00 +0000 UTC`, as written by Go's time.Time.String; undefined if the text is not a date. */
function goDate(text: string): string | undefined {
    const parts = date.exec(text);
    if (parts === null) {
        return undefined;
    }
    const [, year, month, day] = parts;
    const [hour = "0", minute = "0", second = "0", digits = ""] = [
        parts[4] ?? parts[9],
        parts[5] ?? parts[10],
        parts[6] ?? parts[11],
        parts[7] ?? parts[12],
    ];
    const fields = [year, month, day, hour, minute, second].map(Number);
    const instant = new Date(
        Date.UTC(fields[0], fields[1] - 1, fields[2], fields[3], fields[4], fields[5]),
    );
    const isReal =
        fields[0] >= 100 &&
        instant.getUTCMonth() === fields[1] - 1 &&
        instant.getUTCDate() === fields[2] &&
        instant.getUTCHours() === fields[3] &&
        instant.getUTCMinutes() === fields[4] &&
        instant.getUTCSeconds() === fields[5];
    if (!isReal) {
        return undefined;
    }
    const [onDay, atTime] = instant.toISOString().slice(0, 19).split("T");
    const fraction = digits.replace(/0+$/, "");
    const offset = parts[8] === undefined || parts[8] === "Z" ? "+0000" : parts[8].replace(":", "");
    const zone = offset === "+0000" ? "UTC" : offset;
    return `${onDay} ${atTime}${fraction === "" ? "" : `.${fraction}`} ${offset} ${zone}`;
}

function isText(value: unknown): value is string {
    return typeof value === "string";
}

/** YAML that {@link readYaml} and the CLI read back as the same values; keys without values are omitted. */
export function writeYaml(values: object): string {
    return dump(values, { skipInvalid: true });
}
