import { Report } from "./report";
import { isMapping, Section } from "./section";

/** Limits of twins (Azure docs: iot-hub-devguide-device-twins, "Device twin size" and "Tags and properties format"). */
const maxDepth = 10;
const maxKeyBytes = 1024;
const maxStringBytes = 4096;
const smallestInteger = -4503599627370496;
const largestInteger = 4503599627370495;

/** The tag in which the program keeps its own data. */
const reservedTag = "iotX509";

/** Pulumi's SDK assigns properties one by one, and assigning this one sets the object's prototype. */
export const lostName = "__proto__";

/** A part of a twin that back ends write, and its name in messages. */
interface TwinPart {
    readonly key: string;
    readonly plural: string;
    readonly singular: string;
    readonly maxBytes: number;
    /** What to do if it is too large. */
    readonly remedy: string;
}

const tagsPart: TwinPart = {
    key: "tags",
    plural: "tags",
    singular: "tag",
    maxBytes: 8192,
    remedy: "keep only what queries need in the tags",
};

const desiredPart: TwinPart = {
    key: "desired",
    plural: "desired properties",
    singular: "desired property",
    maxBytes: 32768,
    remedy: "keep only what the device needs when it starts",
};

/** Twin tags, unchanged; none if absent. */
export function readTags(section: Section): Record<string, unknown> {
    const raw = section.raw(tagsPart.key);
    if (isMapping(raw) && Object.hasOwn(raw, reservedTag)) {
        section.report.value(
            `${section.pathOf(tagsPart.key)}.${reservedTag}`,
            raw[reservedTag],
            `the tag ${reservedTag} is reserved for this program`,
            "use another name",
        );
    }
    return readPart(section, tagsPart);
}

/** Desired properties, unchanged; none if absent. */
export function readDesired(section: Section): Record<string, unknown> {
    return readPart(section, desiredPart);
}

function readPart(section: Section, part: TwinPart): Record<string, unknown> {
    if (!section.has(part.key)) {
        return {};
    }
    // Reports a value that is not a mapping, and names without a value.
    section.section(part.key, `the list of ${part.plural}`, undefined);
    const raw = section.raw(part.key);
    if (!isMapping(raw)) {
        return {};
    }
    const { report } = section;
    checkValue({ report, part }, section.pathOf(part.key), raw, 0);
    const size = twinSize(raw);
    if (size > part.maxBytes) {
        report.fault(
            section.pathOf(part.key),
            `${size} bytes`,
            `the ${part.plural} of a device must have at most ${part.maxBytes} bytes`,
            part.remedy,
        );
    }
    return raw;
}

/** State of the traversal of a part. */
interface Walk {
    readonly report: Report;
    readonly part: TwinPart;
}

function checkValue(walk: Walk, path: string, value: unknown, depth: number): void {
    const { report, part } = walk;
    if (typeof value === "string") {
        if (Buffer.byteLength(value) > maxStringBytes) {
            report.value(
                path,
                value,
                `a text must have at most ${maxStringBytes} bytes`,
                "shorten it",
            );
        }
    } else if (typeof value === "number") {
        if (!Number.isFinite(value)) {
            report.value(
                path,
                value,
                "must be a number that JSON can represent",
                "write a finite number",
            );
        } else if (Number.isInteger(value) && (value < smallestInteger || value > largestInteger)) {
            report.value(
                path,
                value,
                `a whole number must be from ${smallestInteger} to ${largestInteger}`,
                "write it in quotes, as text",
            );
        }
    } else if (Array.isArray(value)) {
        value.forEach((item, index) => checkValue(walk, `${path}[${index}]`, item, depth + 1));
    } else if (isMapping(value)) {
        if (depth > maxDepth) {
            report.value(
                path,
                value,
                `${part.plural} must be at most ${maxDepth} levels deep`,
                "flatten them",
            );
            return;
        }
        checkMapping(walk, path, value, depth);
    } else if (typeof value !== "boolean" && depth > 1) {
        report.value(
            path,
            value,
            "must be text, a number, true, false, a list or a mapping",
            "delete it",
        );
    }
}

function checkMapping(
    walk: Walk,
    path: string,
    value: Record<string, unknown>,
    depth: number,
): void {
    const { report, part } = walk;
    for (const [key, item] of Object.entries(value)) {
        if (/[.$ \u0000-\u001f\u007f-\u009f]/.test(key) || key === "") {
            report.value(
                `${path}[${JSON.stringify(key)}]`,
                key,
                `the name of a ${part.singular} must not contain a dot, dollar, space or control character`,
                "rename it, for example with a hyphen",
            );
        } else if (key === lostName) {
            report.value(
                `${path}.${key}`,
                key,
                `a ${part.singular} must not be named ${lostName}, which cannot be stored in the state`,
                "rename it",
            );
        } else if (Buffer.byteLength(key) > maxKeyBytes) {
            report.value(
                path,
                key,
                `the name of a ${part.singular} must have at most ${maxKeyBytes} bytes`,
                "shorten it",
            );
        } else {
            checkValue(walk, `${path}.${key}`, item, depth + 1);
        }
    }
}

/** Size as IoT Hub counts it: names and texts in UTF-8, 8 bytes for a number, 4 for a boolean. */
function twinSize(value: unknown): number {
    switch (typeof value) {
        case "string":
            return Buffer.byteLength(value);
        case "number":
            return 8;
        case "boolean":
            return 4;
        default:
            return Object.entries(value ?? {}).reduce(
                (sum, [key, item]) =>
                    sum + (Array.isArray(value) ? 0 : Buffer.byteLength(key)) + twinSize(item),
                0,
            );
    }
}
