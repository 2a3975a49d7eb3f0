import type { IssuedByEst } from "./estTag";
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
    /** What to change in the settings so that it stays. */
    readonly stays: string;
    /** The group's CAs that stay. */
    readonly staying: readonly StayingCa[];
    readonly devices: readonly Dependent[];
    /** IDs of the other devices that stay enabled; the EST service may have given them certificates of the CA. */
    readonly others: readonly string[];
    /** IDs that a state or the configuration has; undefined: the group has no enrollment through which others register. */
    readonly known: readonly string[] | undefined;
}

/** A CA that devices may have certificates of after the run. */
export interface StayingCa {
    readonly subject: string;
    readonly generation: number;
}

/** What a hub shows of a device. */
export interface Sighting {
    readonly status: "enabled" | "disabled";
    /** Upper-case hex; empty: the hub checks the CA instead. */
    readonly thumbprints: readonly string[];
    /** Reported properties of its twin. */
    readonly reported: Readonly<Record<string, unknown>>;
    /** What the EST service noted in the tags of its twin. */
    readonly issued: readonly IssuedByEst[];
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
 * @param ca the CA that leaves
 * @param sightings the device on each hub that has it
 */
export function standing(
    { until: known, next }: Dependent,
    ca: Pick<LeavingCa, "group" | "generation" | "staying">,
    sightings: readonly Sighting[],
    now: Date,
): Standing {
    const until = known && (lastIssued(ca, sightings, now) ?? known);
    if (until !== null && Date.parse(until) <= now.getTime()) {
        return { state: "moved", evidence: "its last certificate of the CA has expired" };
    }
    if (sightings.length > 0 && sightings.every(({ status }) => status === "disabled")) {
        return { state: "moved", evidence: "disabled" };
    }
    const thumbprints = sightings.flatMap((one) => one.thumbprints);
    if (thumbprints.some((one) => next.includes(one))) {
        return { state: "moved", evidence: "the hub knows it by its new certificate" };
    }
    if (sightings.some((one) => isKnownByIssued(ca, one))) {
        return {
            state: "moved",
            evidence: "the hub knows it by a new certificate that the EST service issued",
        };
    }
    const reported = sightings.flatMap((one) => reportedCertificate(one));
    if (
        reported.some(
            (one) =>
                next.includes(one.thumbprint) ||
                ca.staying.some(({ subject }) => isSameName(subject, one.issuer)),
        )
    ) {
        return { state: "moved", evidence: "it reported its new certificate" };
    }
    if (reported.length > 0) {
        return { state: "not moved", evidence: "it reported an earlier certificate" };
    }
    return thumbprints.length > 0
        ? { state: "not moved", evidence: "the hub knows it by an earlier certificate" }
        : { state: "unknown", evidence: "nothing shows which certificate it has" };
}

/**
 * Devices on a hub that registered through a group's enrollment and that nobody lists: each may have a certificate of any CA
 * of the group, and nobody knows until when.
 *
 * @param registered enrollment groups by device ID, as the provisioning services have them
 * @param known IDs that a state or the configuration has, in any case: a provisioning service does not tell them apart by it
 */
export function unlistedDependents(
    group: string,
    registered: ReadonlyMap<string, string>,
    known: readonly string[],
    isOnHub: (id: string) => boolean,
): Dependent[] {
    const listed = new Set(known.map((id) => id.toLowerCase()));
    return [...registered]
        .filter(([id, own]) => own === group && !listed.has(id.toLowerCase()) && isOnHub(id))
        .map(([id]) => ({ id, until: null, next: [] }));
}

/** The devices among these to which the EST service issued certificates of a CA that no state has. */
export function issuedBeyond(
    ca: Pick<LeavingCa, "group" | "generation">,
    ids: readonly string[],
    sightingsOf: (id: string) => readonly Sighting[],
    now: Date,
): Dependent[] {
    return ids.flatMap((id) => {
        const until = lastIssued(ca, sightingsOf(id), now);
        return until === undefined ? [] : [{ id, until, next: [] }];
    });
}

/**
 * When the last certificate ends that the EST service issued by a CA.
 *
 * @returns ISO 8601; undefined: none that has not expired
 */
function lastIssued(
    { group, generation }: Pick<LeavingCa, "group" | "generation">,
    sightings: readonly Sighting[],
    now: Date,
): string | undefined {
    const ends = sightings
        .flatMap(({ issued }) => issued)
        .filter((one) => one.group === group && one.generation === generation)
        .map(({ notAfter }) => Date.parse(notAfter))
        .filter((end) => end > now.getTime());
    return ends.length === 0 ? undefined : new Date(Math.max(...ends)).toISOString();
}

/** A hub has the thumbprint only if the device registered with the certificate, so the certificate has arrived. */
function isKnownByIssued(
    { group, staying }: Pick<LeavingCa, "group" | "staying">,
    { thumbprints, issued }: Sighting,
): boolean {
    return issued.some(
        (one) =>
            thumbprints.includes(one.thumbprint) &&
            one.group === group &&
            staying.some(({ generation }) => generation === one.generation),
    );
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
