import { isMapping, Section } from "./section";

/** Limits of twin tags (Azure docs: iot-hub-devguide-device-twins, "Device twin size" and "Tags and properties format"). */
const maxDepth = 10;
const maxKeyBytes = 1024;
const maxStringBytes = 4096;
const maxTotalBytes = 8192;
const smallestInteger = -4503599627370496;
const largestInteger = 4503599627370495;

/** The tag in which the program keeps its own marks. */
const reservedTag = "iotX509";

/** Twin tags, as they stand; none when absent. */
export function readTags(section: Section): Record<string, unknown> {
    if (!section.has("tags")) {
        return {};
    }
    const tags = section.section("tags", "the list of tags", undefined);
    for (const key of tags.keys()) {
        if (key === reservedTag) {
            tags.bad(key, `the tag ${reservedTag} is the program's own`, "use another name");
        }
    }
    const raw = section.raw("tags");
    if (!isMapping(raw)) {
        return {};
    }
    checkValue(tags, section.pathOf("tags"), raw, 0);
    const size = twinSize(raw);
    if (size > maxTotalBytes) {
        section.report.fault(
            section.pathOf("tags"),
            `${size} bytes`,
            `the tags of a device have at most ${maxTotalBytes} bytes`,
            "keep only what queries need in tags",
        );
    }
    return raw;
}

function checkValue(section: Section, path: string, value: unknown, depth: number): void {
    const { report } = section;
    if (typeof value === "string") {
        if (Buffer.byteLength(value) > maxStringBytes) {
            report.value(path, value, `a text has at most ${maxStringBytes} bytes`, "shorten it");
        }
    } else if (typeof value === "number") {
        if (!Number.isFinite(value)) {
            report.value(path, value, "is a number that JSON can write", "write a finite number");
        } else if (Number.isInteger(value) && (value < smallestInteger || value > largestInteger)) {
            report.value(
                path,
                value,
                `a whole number is from ${smallestInteger} to ${largestInteger}`,
                "write it in quotes, as text",
            );
        }
    } else if (Array.isArray(value)) {
        value.forEach((item, index) => checkValue(section, `${path}[${index}]`, item, depth + 1));
    } else if (isMapping(value)) {
        if (depth > maxDepth) {
            report.value(path, value, `tags are at most ${maxDepth} levels deep`, "flatten them");
            return;
        }
        checkMapping(section, path, value, depth);
    } else if (typeof value !== "boolean" && depth > 1) {
        report.value(
            path,
            value,
            "is text, a number, true, false, a list or a mapping",
            "delete it",
        );
    }
}

function checkMapping(
    section: Section,
    path: string,
    value: Record<string, unknown>,
    depth: number,
): void {
    for (const [key, item] of Object.entries(value)) {
        if (/[.$ \u0000-\u001f\u007f-\u009f]/.test(key) || key === "") {
            section.report.value(
                `${path}[${JSON.stringify(key)}]`,
                key,
                "a tag's name has no dot, dollar, space or control character",
                "rename it, e.g. with a hyphen",
            );
        } else if (Buffer.byteLength(key) > maxKeyBytes) {
            section.report.value(
                path,
                key,
                `a tag's name has at most ${maxKeyBytes} bytes`,
                "shorten it",
            );
        } else {
            checkValue(section, `${path}.${key}`, item, depth + 1);
        }
    }
}

/** Size as IoT Hub counts it: names and texts in UTF-8, 8 for a number, 4 for a boolean. */
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
