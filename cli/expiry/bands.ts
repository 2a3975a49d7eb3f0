import { InventoryRow } from "../inventory/row";

/** A certificate in a band: it ends in fewer than `band` days; 0: it has ended. */
export interface Expiring {
    readonly row: InventoryRow;
    readonly band: number;
}

/** What bands go by. */
export interface ExpiryRules {
    /** Days before the end, in any order. */
    readonly days: readonly number[];
    /** Days that a renewal may be late. */
    readonly grace: number;
    /** By group: the days before its end from which `up` renews a device's certificate. */
    readonly renewBeforeDays: ReadonlyMap<string, number>;
    /** IDs of devices that are off: nobody misses their certificates. */
    readonly disabled: ReadonlySet<string>;
}

/** Every certificate that is in a band, the most urgent first. */
export function expiring(rows: readonly InventoryRow[], rules: ExpiryRules): Expiring[] {
    return rows
        .flatMap((row) => {
            const band = bandOf(row, rules);
            return band === undefined ? [] : [{ row, band }];
        })
        .sort((one, other) => (one.row.daysLeft ?? 0) - (other.row.daysLeft ?? 0));
}

/** The smallest band that it is in. One that is replaced already is in none: another one took its place. */
export function bandOf(row: InventoryRow, rules: ExpiryRules): number | undefined {
    const { daysLeft, kind, name, status } = row;
    const isOff = kind === "device" && (status === "disabled" || rules.disabled.has(name));
    if (daysLeft === null || kind === "former" || isOff) {
        return undefined;
    }
    if (daysLeft < 0) {
        return 0;
    }
    const latest = latestRenewal(row, rules);
    return [...rules.days]
        .sort((one, other) => one - other)
        .find((days) => daysLeft < Math.min(days, latest));
}

/**
 * Where `up` renews, a certificate is below its renewal window for the last part of its life, and an alert would mean
 * nothing: it counts from when the renewal is overdue.
 */
function latestRenewal(row: InventoryRow, { grace, renewBeforeDays }: ExpiryRules): number {
    const isRenewed = row.kind === "device" && row.knownFrom.includes("state");
    const window = isRenewed ? renewBeforeDays.get(row.group ?? "") : undefined;
    return window === undefined ? Infinity : window - grace;
}
