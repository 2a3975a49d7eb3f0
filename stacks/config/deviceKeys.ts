import type { DeviceKindReader } from "./deviceKindReader";

/** The settings of a device, as lists of devices need to know them. */
export interface DeviceKeys {
    /** Keys in YAML and JSON, columns in CSV. */
    readonly all: readonly string[];
    /** Those that hold several items. */
    readonly lists: readonly string[];
    /** Values of the setting `auth`. */
    readonly auths: readonly string[];
}

/** Keys that mean something only for a device that its group's CA signs for. */
export const signedKeys: readonly string[] = ["group", "enrollment"];

export function deviceKeysOf(kinds: readonly DeviceKindReader<unknown>[]): DeviceKeys {
    const own = kinds.flatMap(({ keys }) => Object.entries(keys));
    return {
        all: [
            "id",
            "group",
            "auth",
            ...own.map(([key]) => key),
            "status",
            "tags",
            "adopt",
            "enrollment",
        ],
        lists: own.filter(([, type]) => type === "list").map(([key]) => key),
        auths: [...new Set(kinds.map(({ auth }) => auth))],
    };
}
