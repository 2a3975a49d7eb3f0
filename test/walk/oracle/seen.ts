import { Dump, HubDump, ServiceDump } from "../real/dump";
import { StateResource } from "../real/stackState";

/** What came of a run. */
export interface Seen {
    readonly dump: Dump;
    /** The resources of the stack and, in a fleet, of its fleet stacks. */
    readonly resources: readonly StateResource[];
    /** Outputs of the stack (and `devices` of fleet stacks), secrets in clear. */
    readonly outputs: Readonly<Record<string, unknown>>;
    readonly hub: HubDump;
    readonly service: ServiceDump | undefined;
    /** Milliseconds, as the moved clock has them. */
    readonly now: number;
}

/** A resource by the end of its type and its name. */
export function resource(seen: Seen, type: string, name: string): StateResource | undefined {
    return seen.resources.find((one) => one.type === type && one.name === name);
}

/** Texts that are equal when the values are, whatever the order of keys. */
function plain(value: unknown): string {
    return JSON.stringify(value, (_, one: unknown) =>
        typeof one === "object" && one !== null && !Array.isArray(one)
            ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
            : one,
    );
}

/** A problem when two values differ. */
export function differ(what: string, seen: unknown, expected: unknown): string[] {
    return plain(seen) === plain(expected)
        ? []
        : [`${what} is ${plain(seen)}, and should be ${plain(expected)}`];
}

/** A problem when two lists do not have the same members. */
export function differAsSets(
    what: string,
    seen: readonly string[],
    expected: readonly string[],
): string[] {
    return differ(what, [...seen].sort(), [...expected].sort());
}
