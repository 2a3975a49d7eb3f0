export interface YearFigures {
    readonly devices: number;
    /** Connections to the hub, each with a message that the hub acknowledged. */
    readonly connections: number;
    /** Certificates that took the place of one before. */
    readonly renewals: number;
    /** Times that the EST service was not there when a device asked, or refused. */
    readonly failedRenewals: number;
    /** Refused by the hub, although nothing was wrong. */
    readonly refusedByHub: number;
    /**
     * Refused by the hub as it must be: once before a device's first registration, and once after each renewal, because it knows
     * the device by the former certificate until that registers again. More than that counts as {@link refusedByHub}.
     */
    readonly refusedUntilRegistered: number;
    readonly refusedRegistrations: number;
    readonly refusedByEst: number;
    /** The least life that a certificate had left when it was replaced, in days. */
    readonly leastDaysLeft: number;
    /** Devices whose certificate is of the new CA when the old one goes. */
    readonly movedBeforeCaWent: number;
    /** Alerts of `npm run expiry`, judged each day with `--issued` and without, about certificates that are renewed. */
    readonly falseAlerts: number;
    /**
     * Those about the last certificates of the devices whose renewal was stopped: one for each of its bands, both ways. `up` still
     * makes certificates for such a device, which end unused with alerts of their own.
     */
    readonly alertsOfStopped: number;
}

/** @throws Error that names what was not as it must be */
export function judge(figures: YearFigures): void {
    const expected: Partial<YearFigures> = {
        refusedByHub: 0,
        refusedRegistrations: 0,
        refusedByEst: 0,
        movedBeforeCaWent: figures.devices,
        falseAlerts: 0,
    };
    const wrong = Object.entries(expected).flatMap(([name, value]) => {
        const found = figures[name as keyof YearFigures];
        return found === value ? [] : [`${name}: ${found}, not ${value}`];
    });
    if (wrong.length > 0) {
        throw new Error(`a year with mistakes: ${wrong.join("; ")}`);
    }
}
