/** A group that a device left, and that registers. */
export interface FormerGroup {
    readonly group: string;
    /** Generations of the group's CA that may have signed for the device. */
    readonly generations: readonly number[];
    /** Those of them that are trusted still; none: what they signed counts no more. */
    readonly trusted: readonly number[];
    /** The certificates that it gave the device: the first 32 hex digits of their SHA-256 thumbprints, in capitals. */
    readonly certificates: readonly string[];
}

/** Stands for the group of a device that is in none. */
export const noGroup = "";

/** Whether a CA of a former group may let the device register still. */
export function isOpen(groups: readonly FormerGroup[] = []): boolean {
    return groups.some(({ trusted }) => trusted.length > 0);
}

const revocations = new Map<string, () => Promise<void>>();

/**
 * To be called by the `check` of a registration: how its hub is made to forget what former groups gave the device. A
 * former group may let it register until the group itself is changed, which may come later in the run.
 */
export function noteRevocation(registrationId: string, revoke: () => Promise<void>): void {
    revocations.set(registrationId.toLowerCase(), revoke);
}

/** Undefined for a device of which {@link noteRevocation} was not told. */
export function revocationOf(registrationId: string): (() => Promise<void>) | undefined {
    return revocations.get(registrationId.toLowerCase());
}
