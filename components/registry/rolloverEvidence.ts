import { isSameName } from "../x509/distinguishedName";

/** A device that has, or may still have, a certificate of a CA. */
export interface Dependent {
    readonly id: string;
    /** When its last known certificate of that CA ends, ISO 8601; null: unknown. */
    readonly until: string | null;
    /** Thumbprints (SHA-1 and SHA-256, upper-case hex) of its certificate of a CA that stays; empty: there is none. */
    readonly next: readonly string[];
}

/** A CA with which devices can connect or register today, but not after the run. */
export interface LeavingCa {
    readonly group: string;
    readonly generation: number;
    /** Subjects of the group's CAs that stay. */
    readonly staying: readonly string[];
    readonly devices: readonly Dependent[];
    /** IDs that a state or the configuration has; undefined: the group has no enrollment through which others register. */
    readonly known: readonly string[] | undefined;
}

/** What a hub shows of a device. */
export interface Sighting {
    readonly status: "enabled" | "disabled";
    /** Upper-case hex; empty: the hub checks the CA instead. */
    readonly thumbprints: readonly string[];
    /** Reported properties of its twin. */
    readonly reported: Readonly<Record<string, unknown>>;
}

/** Whether a device can do without a CA, and how that is known. */
export interface Standing {
    readonly state: "moved" | "not moved" | "unknown";
    readonly evidence: string;
}

/**
 * Whether a device can do without a CA that leaves. Nothing on a hub shows which CA a device used last, so what is not
 * known counts as not moved.
 *
 * @param sightings the device on each hub that has it
 */
export function standing(
    { until, next }: Dependent,
    staying: readonly string[],
    sightings: readonly Sighting[],
    now: Date,
): Standing {
    if (until !== null && Date.parse(until) <= now.getTime()) {
        return { state: "moved", evidence: "its last certificate of the CA has expired" };
    }
    if (sightings.length > 0 && sightings.every(({ status }) => status === "disabled")) {
        return { state: "moved", evidence: "disabled" };
    }
    const known = sightings.flatMap(({ thumbprints }) => thumbprints);
    if (known.some((one) => next.includes(one))) {
        return { state: "moved", evidence: "the hub knows it by its new certificate" };
    }
    const reported = sightings.flatMap((one) => reportedCertificate(one));
    if (
        reported.some(
            (one) =>
                next.includes(one.thumbprint) ||
                staying.some((name) => isSameName(name, one.issuer)),
        )
    ) {
        return { state: "moved", evidence: "it reported its new certificate" };
    }
    if (reported.length > 0) {
        return { state: "not moved", evidence: "it reported an earlier certificate" };
    }
    return known.length > 0
        ? { state: "not moved", evidence: "the hub knows it by an earlier certificate" }
        : { state: "unknown", evidence: "nothing shows which certificate it has" };
}

interface ReportedCertificate {
    readonly thumbprint: string;
    readonly issuer: string;
}

function reportedCertificate({ reported }: Sighting): ReportedCertificate[] {
    const { thumbprint, issuer } = (reported.certificate ?? {}) as Record<string, unknown>;
    return typeof thumbprint === "string" && typeof issuer === "string"
        ? [{ thumbprint: thumbprint.toUpperCase(), issuer }]
        : [];
}
