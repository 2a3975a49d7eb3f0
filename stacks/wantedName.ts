import { suffixName, suffixType, withSuffix } from "../components/azure/suffixedName";
import { PreviousState } from "./previousState";

/** How the settings name a resource: exactly, or by a prefix that a random suffix follows. */
export interface Naming {
    readonly name?: string;
    readonly prefix: string;
}

/** The components whose resources are named so. */
export type Named = "iot" | "dps";

/**
 * The name that the settings give a resource: their own, or their prefix with the random suffix in the state.
 *
 * @returns undefined: a name that the run makes
 */
export function wantedName(
    { name, prefix }: Naming,
    named: Named,
    previous: PreviousState,
): string | undefined {
    const made = previous.find(suffixType, suffixName(named))?.result;
    return name ?? (made === undefined ? undefined : withSuffix(prefix, String(made)));
}
