import { FAILSAFE_SCHEMA, load, Type, YAMLException } from "js-yaml";

/*
 * YAML as the Pulumi CLI reads it, which is neither 1.1 nor 1.2: gopkg.in/yaml.v3 (resolve.go) knows octal numbers of both
 * (014, 0o14), underscores in numbers and dates, but takes `yes` for a text. A date reaches the program as Go's text of it.
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

/** An alias stands for a whole value, and a few of them within each other for more than any memory holds. */
const mostNodes = 2_000_000;

/**
 * The content of a Pulumi.yaml or a stack's settings file.
 *
 * @throws YAMLException
 */
export function readYaml(text: string): unknown {
    const value = load(text, { schema });
    let nodes = 0;
    const count = (node: unknown): void => {
        if (++nodes > mostNodes) {
            throw new YAMLException(`aliases make more than ${mostNodes} values of it`);
        }
        if (typeof node === "object" && node !== null) {
            Object.values(node).forEach(count);
        }
    };
    count(value);
    return value;
}

/** `2027-01-01 12:00:00 +0000 UTC`, as Go's time.Time.String writes it; undefined for what is no date. */
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
