import { InventoryRow, isOfDevice } from "./row";

/** Conditions on rows; all given ones must hold. */
export interface Filter {
    /** Maximum number of days until expiry; includes expired certificates. */
    readonly expiring?: number;
    readonly group?: string;
    readonly generation?: number;
}

/** A certificate whose expiry is unknown does not count as expiring. */
export function matches({ expiring, group, generation }: Filter, row: InventoryRow): boolean {
    return (
        (expiring === undefined || (row.daysLeft !== null && row.daysLeft < expiring)) &&
        (group === undefined || row.group === group) &&
        (generation === undefined || row.generation === generation)
    );
}

/** Counts of the listed certificates. */
export interface Counts {
    readonly certificates: number;
    readonly devices: number;
    readonly expired: number;
    /** Certificates that expire within 30 days and have not expired yet. */
    readonly expiring: number;
    /** Certificates whose expiry is unknown. */
    readonly unknownEnd: number;
}

export function countsOf(rows: readonly InventoryRow[]): Counts {
    const count = (test: (row: InventoryRow) => boolean): number => rows.filter(test).length;
    return {
        certificates: rows.length,
        devices: new Set(rows.filter(isOfDevice).map(({ name }) => name)).size,
        expired: count(({ daysLeft }) => daysLeft !== null && daysLeft < 0),
        expiring: count(({ daysLeft }) => daysLeft !== null && daysLeft >= 0 && daysLeft < 30),
        unknownEnd: count(({ notAfter }) => notAfter === null),
    };
}
