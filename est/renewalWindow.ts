const day = 24 * 3600 * 1000;

/**
 * When a certificate's window of renewal opens: `renewBeforeDays` before its end, or at its last quarter, because aziot renews
 * at 80 % of the life. All times in milliseconds since 1970.
 */
export function opening(start: number, end: number, renewBeforeDays: number): number {
    return end - Math.max(renewBeforeDays * day, (end - start) / 4);
}
