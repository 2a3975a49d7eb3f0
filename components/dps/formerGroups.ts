/** A group that a device left and that allows registration. */
export interface FormerGroup {
    readonly group: string;
    /** Generations of the group's CA that may have signed the device's certificates. */
    readonly generations: readonly number[];
    /** Generations that are still trusted; if empty, no certificate of the group is valid any more. */
    readonly trusted: readonly number[];
    /** Certificates that it issued to the device: first 32 hex digits of their SHA-256 thumbprints, in upper case. */
    readonly certificates: readonly string[];
}

/** The group name of a device without a group. */
export const noGroup = "";

/** Whether a CA of a former group may still let the device register. */
export function isOpen(groups: readonly FormerGroup[] = []): boolean {
    return groups.some(({ trusted }) => trusted.length > 0);
}

const revocations = new Map<string, () => Promise<void>>();

/**
 * Call this in the `check` of a registration, with a function that makes the hub forget the certificates of former groups.
 * A former group lets the device register until the group itself is updated, possibly later in the run.
 */
export function noteRevocation(registrationId: string, revoke: () => Promise<void>): void {
    revocations.set(registrationId.toLowerCase(), revoke);
}

/** Undefined unless {@link noteRevocation} was called for the device. */
export function revocationOf(registrationId: string): (() => Promise<void>) | undefined {
    return revocations.get(registrationId.toLowerCase());
}
