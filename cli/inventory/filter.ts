import { InventoryRow } from "./row";

/** Which rows are wanted; each that is given must hold. */
export interface Filter {
    /** Days until the end, at most; what has ended counts. */
    readonly expiring?: number;
    readonly group?: string;
    readonly generation?: number;
}

/** A certificate whose end is unknown is none that expires. */
export function matches({ expiring, group, generation }: Filter, row: InventoryRow): boolean {
    return (
        (expiring === undefined || (row.daysLeft !== null && row.daysLeft < expiring)) &&
        (group === undefined || row.group === group) &&
        (generation === undefined || row.generation === generation)
    );
}

/** Of what is listed. */
export interface Counts {
    readonly certificates: number;
    readonly devices: number;
    readonly expired: number;
    /** Within 30 days, and not expired. */
    readonly expiring: number;
    /** Certificates whose end is nowhere to be read. */
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

function isOfDevice({ kind }: InventoryRow): boolean {
    return kind === "device" || kind === "former";
}
