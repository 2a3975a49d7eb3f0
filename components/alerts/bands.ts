/** Days before expiry at which somebody is told, if nobody says otherwise. */
export const defaultDays: readonly number[] = [30, 14, 7];

/** Largest number of days of a band. */
export const longestBand = 3650;

/** Days that a renewal may be late, if nobody says otherwise. */
export const defaultGraceDays = 1;

/** The band of certificates that have expired. */
export const expiredBand = 0;

/**
 * The smallest band that contains a certificate: it expires in fewer than so many days, or has expired.
 *
 * @param daysLeft negative after expiry
 * @param days the bands, in any order
 * @param alertBelow see {@link alertsBelow}
 */
export function bandFor(
    daysLeft: number,
    days: readonly number[],
    alertBelow: number,
): number | undefined {
    if (daysLeft < 0) {
        return expiredBand;
    }
    return ascending(days).find((band) => daysLeft < Math.min(band, alertBelow));
}

/**
 * The days left below which a certificate counts. If something renews it, it regularly spends the last part of its lifetime
 * in its renewal window, where an alert would mean nothing: it counts from when the renewal is overdue.
 *
 * @param renewBeforeDays days before expiry from which it is renewed; undefined: nothing renews it
 * @param graceDays days that a renewal may be late
 */
export function alertsBelow(renewBeforeDays: number | undefined, graceDays: number): number {
    return renewBeforeDays === undefined ? Infinity : renewBeforeDays - graceDays;
}

/** Severity as in Azure Monitor: 0 critical, 1 error, 2 warning, 3 informational. */
export function severityOf(band: number, days: readonly number[]): number {
    return band === expiredBand ? 0 : Math.min(3, ascending(days).indexOf(band) + 1);
}

export function ascending(days: readonly number[]): number[] {
    return [...days].sort((one, other) => one - other);
}
