import { X509Certificate } from "crypto";
import { DeviceInventory } from "../children/deviceInventory";

/** A device and what a state has as its certificate. */
export interface Certified {
    readonly id: string;
    /** PEM. */
    readonly certificate: string;
}

/** Devices that are not there exactly once. */
export interface Differences {
    readonly lost: readonly string[];
    readonly doubled: readonly string[];
}

/**
 * @param wanted IDs of the devices that were to be made
 * @param inventory what the hub has
 * @param certified certificates in the state; one that names another device counts for that one
 */
export function compareDevices(
    wanted: readonly string[],
    inventory: DeviceInventory,
    certified: readonly Certified[],
): Differences {
    const identities = countOf(inventory.ids);
    const certificates = countOf(
        certified.map(({ certificate }) => commonName(new X509Certificate(certificate))),
    );
    const serials = countOf(
        certified.map(({ certificate }) => new X509Certificate(certificate).serialNumber),
    );
    const known = new Set(wanted);
    const unknown = [...identities.keys(), ...certificates.keys()].filter((id) => !known.has(id));
    const times = (id: string): number[] => [identities.get(id) ?? 0, certificates.get(id) ?? 0];
    return {
        lost: wanted.filter((id) => times(id).some((count) => count === 0)),
        doubled: [
            ...wanted.filter((id) => times(id).some((count) => count > 1)),
            ...new Set(unknown),
            ...[...serials].filter(([, count]) => count > 1).map(([serial]) => `serial ${serial}`),
        ],
    };
}

function commonName({ subject }: X509Certificate): string {
    return /^CN=(.*)$/m.exec(subject)?.[1] ?? "";
}

function countOf(values: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const value of values) {
        counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return counts;
}
