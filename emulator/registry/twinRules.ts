import { RegistryProblem } from "./errors";

export type JsonObject = Record<string, unknown>;

const deepest = 10;
const longestKey = 1024;
const longestText = 4096;
const largestInteger = 2 ** 52 - 1;

/** Twins count their writes in eight bytes (recorded sessions of azure-sdk-for-net: `AAAAAAAAAAE=`, `AAAAAAAAAAI=`). */
export function twinETag(count: bigint): string {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(count);
    return bytes.toString("base64");
}

export function isObject(value: unknown): value is JsonObject {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Drops `$metadata` and `$version`, which clients may send back and the service ignores. */
export function withoutService(section: JsonObject): JsonObject {
    const kept = { ...section };
    delete kept.$metadata;
    delete kept.$version;
    return kept;
}

/** JSON merge patch (RFC 7396); neither argument is changed. */
export function merge(target: JsonObject, patch: JsonObject): JsonObject {
    const merged = { ...target };
    for (const [key, value] of Object.entries(patch)) {
        if (value === null) {
            delete merged[key];
        } else if (isObject(value)) {
            const before = merged[key];
            merged[key] = merge(isObject(before) ? before : {}, value);
        } else {
            merged[key] = value;
        }
    }
    return merged;
}

/**
 * Checks the content of a section of a twin (Azure docs: iot-hub-devguide-device-twins, "Device twin size" and "Tags
 * and properties format"; live findings of terraform-provider-iothub where the docs are silent).
 *
 * @throws RegistryProblem 400
 */
export function checkSection(name: string, section: JsonObject, maximumBytes: number): void {
    const size = sizeOf(section, name, 1);
    if (size > maximumBytes) {
        throw invalid(`${name} is ${size} bytes; at most ${maximumBytes} are allowed`);
    }
}

/** Bytes as the docs count them: keys and strings in UTF-8, numbers 8, booleans 4. */
function sizeOf(value: unknown, path: string, depth: number): number {
    if (typeof value === "string") {
        const bytes = Buffer.byteLength(value);
        if (bytes > longestText) {
            throw invalid(`the text at ${path} is longer than ${longestText} bytes`);
        }
        return bytes;
    }
    if (typeof value === "number") {
        if (Number.isInteger(value) && Math.abs(value) > largestInteger) {
            throw invalid(`the integer at ${path} is beyond ±(2^52 - 1)`);
        }
        return 8;
    }
    if (typeof value === "boolean") {
        return 4;
    }
    if (value === null) {
        throw invalid(`${path} must not be null`);
    }
    if (Array.isArray(value)) {
        return value.reduce<number>(
            (sum, item, index) => sum + sizeOf(item, `${path}[${index}]`, depth),
            0,
        );
    }
    if (depth > deepest) {
        throw invalid(`${path} is nested deeper than ${deepest} levels`);
    }
    let sum = 0;
    for (const [key, inner] of Object.entries(value as JsonObject)) {
        checkKey(key, path);
        sum += Buffer.byteLength(key) + sizeOf(inner, `${path}.${key}`, depth + 1);
    }
    return sum;
}

function checkKey(key: string, path: string): void {
    if (Buffer.byteLength(key) > longestKey) {
        throw invalid(`a key in ${path} is longer than ${longestKey} bytes`);
    }
    // C0 and C1 control characters, and the four characters that the docs name.
    if (/[\u0000-\u001f\u007f-\u009f.$# ]/.test(key)) {
        throw invalid(
            `the key '${key}' in ${path} must not contain control characters, '.', '$', '#' or space`,
        );
    }
}

function invalid(message: string): RegistryProblem {
    return new RegistryProblem("ArgumentInvalid", message);
}
