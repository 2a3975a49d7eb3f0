import type { DeviceKindReader } from "./deviceKindReader";

/** The settings of a device, as the readers of device lists need them. */
export interface DeviceKeys {
    /** Keys in YAML and JSON, columns in CSV. */
    readonly all: readonly string[];
    /** Keys that hold several items. */
    readonly lists: readonly string[];
    /** Values of the setting `auth`. */
    readonly auths: readonly string[];
}

/** Keys that apply only to a device whose certificate its group's CA signs. */
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
