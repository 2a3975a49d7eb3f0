import { isUnknown, own, stableJson } from "../dynamic/values";

/** What to merge into `present` to arrive at `wanted`: null for each tag to be removed, at any depth. */
export function tagPatch(
    present: Readonly<Record<string, unknown>>,
    wanted: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
    const gone = Object.keys(present).filter((key) => !Object.hasOwn(wanted, key));
    const patch = gone.map((key): [string, unknown] => [key, null]);
    for (const [key, value] of Object.entries(wanted)) {
        const old = own(present, key);
        if (isPlain(value) && isPlain(old)) {
            const inner = tagPatch(old, value);
            if (Object.keys(inner).length > 0) {
                patch.push([key, inner]);
            }
        } else if (isUnknown(value) || stableJson(value) !== stableJson(old ?? null)) {
            patch.push([key, value]);
        }
    }
    return Object.fromEntries(patch);
}

function isPlain(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
