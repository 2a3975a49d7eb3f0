import { PreviousState } from "./previousState";

/** Resources whose names have a random suffix when the settings give only a prefix, by the name of what makes the suffix. */
export type Suffix = "iot-suffix" | "dps-suffix";

/**
 * The name that the settings give a resource: their own, or their prefix with the random suffix in the state.
 *
 * @returns undefined: a name that the run makes
 */
export function wantedName(
    { name, prefix }: { readonly name?: string; readonly prefix: string },
    suffix: Suffix,
    previous: PreviousState,
): string | undefined {
    const made = previous.find("random:index/randomString:RandomString", suffix)?.result;
    return name ?? (made === undefined ? undefined : `${prefix}-${String(made)}`);
}
