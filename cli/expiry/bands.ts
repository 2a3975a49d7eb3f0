import { alertsBelow, bandFor, defaultDays, defaultGraceDays } from "../../components/alerts/bands";
import { Settings } from "../../stacks/settings";
import { InventoryRow } from "../inventory/row";

/** A certificate in a band: it expires in fewer than `band` days; 0: it has expired. */
export interface Expiring {
    readonly row: InventoryRow;
    readonly band: number;
}

/** What an alert is about, whatever it is called: a later certificate of the same device is another subject. */
export function subjectOf({ sha256Thumbprint, sha1Thumbprint, kind, name }: InventoryRow): string {
    return sha256Thumbprint ?? sha1Thumbprint ?? `${kind} ${name}`;
}

/** Rules that determine the band of a certificate. */
export interface ExpiryRules {
    /** Days before expiry, in any order. */
    readonly days: readonly number[];
    /** Days that a renewal may be late. */
    readonly grace: number;
    /** By group: days before expiry from which a device's certificate is renewed, by `up` or by EST. */
    readonly renewBeforeDays: ReadonlyMap<string, number>;
    /** IDs of disabled devices, whose certificates are not needed. */
    readonly disabled: ReadonlySet<string>;
}

/**
 * The rules of a stack's settings.
 *
 * @param days in place of `alerts.days`
 * @param grace in place of `alerts.graceDays`
 */
export function expiryRules(
    { groups, devices, alerts }: Pick<Settings, "groups" | "devices" | "alerts">,
    days?: readonly number[],
    grace?: number,
): ExpiryRules {
    return {
        days: days ?? alerts?.days ?? defaultDays,
        grace: grace ?? alerts?.graceDays ?? defaultGraceDays,
        renewBeforeDays: new Map(groups.map((group) => [group.name, group.renewBeforeDays])),
        disabled: new Set(devices.filter((one) => one.status === "disabled").map(({ id }) => id)),
    };
}

/** All certificates in a band, the most urgent first. */
export function expiring(rows: readonly InventoryRow[], rules: ExpiryRules): Expiring[] {
    return rows
        .flatMap((row) => {
            const band = bandOf(row, rules);
            return band === undefined ? [] : [{ row, band }];
        })
        .sort((one, other) => (one.row.daysLeft ?? 0) - (other.row.daysLeft ?? 0));
}

/** The smallest band that contains the certificate. A certificate that has been replaced is in none. */
export function bandOf(row: InventoryRow, rules: ExpiryRules): number | undefined {
    const { daysLeft, kind, name, status } = row;
    const isOff = kind === "device" && (status === "disabled" || rules.disabled.has(name));
    if (daysLeft === null || kind === "former" || isOff) {
        return undefined;
    }
    // By `up` or by EST; what a device of the stack reports has a generation if a CA of the stack signed it.
    const isRenewed =
        kind === "device" &&
        (row.knownFrom.includes("state") ||
            row.knownFrom.includes("est") ||
            row.generation !== null);
    const window = isRenewed ? rules.renewBeforeDays.get(row.group ?? "") : undefined;
    return bandFor(daysLeft, rules.days, alertsBelow(window, rules.grace));
}
