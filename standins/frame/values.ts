import { isDeepStrictEqual } from "util";

/** A property value from Pulumi's engine, after `Struct.toJavaScript`. */
export type Value = unknown;
export type Values = Record<string, Value>;

/**
 * Represents a value that a preview does not know yet.
 * Source: pulumi `sdk/go/common/resource/plugin/rpc.go`, `UnknownStringValue`.
 */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * A secret as the engine's messages carry it.
 * Source: pulumi `sdk/go/common/resource/sig/sig.go`, `Key` and `Secret`.
 */
export function secret(value: Value): Values {
    return {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value,
    };
}

export function isObject(value: Value): value is Values {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Neither absent nor null: as in the official provider, null means that an input is absent. */
export function hasValue(value: Value): boolean {
    return value !== undefined && value !== null;
}

export function containsUnknowns(value: Value): boolean {
    if (Array.isArray(value)) {
        return value.some(containsUnknowns);
    }
    return isObject(value) ? Object.values(value).some(containsUnknowns) : value === unknownValue;
}

/** A copy without null members, at any depth. */
export function withoutNulls(values: Values): Values {
    const strip = (value: Value): Value => {
        if (Array.isArray(value)) {
            return value.map(strip);
        }
        return isObject(value) ? withoutNulls(value) : value;
    };
    return Object.fromEntries(
        Object.entries(values)
            .filter(([, value]) => hasValue(value))
            .map(([key, value]) => [key, strip(value)]),
    );
}

export const sameValue = (one: Value, other: Value): boolean => isDeepStrictEqual(one, other);
