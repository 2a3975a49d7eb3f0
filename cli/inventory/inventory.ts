import { TrustedCa } from "./azureView";
import { daysUntil } from "./certificateText";
import { deviceRows } from "./deviceRows";
import { HeldCa } from "./heldCertificates";
import { Known } from "./known";
import { InventoryRow, nothingKnown, Source } from "./row";

/** One row per certificate: CAs before devices, each sorted by name. */
export function inventoryRows(known: Known): InventoryRow[] {
    const { held, azure, configured, now, issued } = known;
    const trusted = azure?.trusted ?? [];
    const own = new Set(held.authorities.map(({ sha1Thumbprint }) => sha1Thumbprint));
    const settings = new Map(configured.map((device) => [device.id, device]));
    const states = new Map(held.devices.map((device) => [device.id, device]));
    const hubDevices = new Map((azure?.devices ?? []).map((one) => [one.device.deviceId, one]));
    const ids = [
        ...new Set([
            ...settings.keys(),
            ...states.keys(),
            ...hubDevices.keys(),
            ...(issued?.keys() ?? []),
        ]),
    ];
    return [
        ...byName(held.authorities.map((ca) => authorityRow(ca, trusted, now))),
        ...byName(
            trusted
                .filter(({ thumbprint }) => !own.has(thumbprint))
                .map((ca) => foreignRow(ca, now)),
        ),
        ...ids.sort(compare).flatMap((id) =>
            deviceRows(
                {
                    id,
                    settings: settings.get(id),
                    state: states.get(id),
                    hub: hubDevices.get(id),
                },
                known,
            ),
        ),
    ];
}

function compare(one: string, other: string): number {
    return one < other ? -1 : Number(one > other);
}

function byName(rows: InventoryRow[]): InventoryRow[] {
    return rows.sort((one, other) => compare(one.name, other.name));
}

function authorityRow(
    { source, ...ca }: HeldCa,
    trusted: readonly TrustedCa[],
    now: Date,
): InventoryRow {
    const there = trusted.filter(({ thumbprint }) => thumbprint === ca.sha1Thumbprint);
    return {
        ...nothingKnown,
        ...ca,
        kind: ca.group === null ? "root" : "intermediate",
        daysLeft: daysUntil(ca.notAfter, now),
        trustedOn: there.map(place),
        knownFrom: [source, ...sourcesOf(there)],
    };
}

/** A row from what ARM reports about a certificate, which includes neither issuer nor serial number. */
function foreignRow(ca: TrustedCa, now: Date): InventoryRow {
    return {
        ...nothingKnown,
        kind: "trusted",
        name: ca.name,
        subject: `CN=${ca.subject}`,
        sha1Thumbprint: ca.thumbprint,
        notAfter: ca.notAfter,
        daysLeft: daysUntil(ca.notAfter, now),
        trustedOn: [place(ca)],
        knownFrom: [ca.kind],
        note: "not of this stack",
    };
}

function place({ hostName, isVerified }: TrustedCa): string {
    return isVerified ? hostName : `${hostName} (not verified)`;
}

function sourcesOf(there: readonly TrustedCa[]): Source[] {
    return [...new Set(there.map(({ kind }) => kind))];
}
