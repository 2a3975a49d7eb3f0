import { ofType, Rule, types, Violation } from "../stack";

export interface ValidityBounds {
    readonly maxDeviceDays: number;
    readonly maxIntermediateDays: number;
    readonly maxRootDays: number;
}

/** Validity periods of certificates, by the policy under which they are issued. */
export const validity: Rule<ValidityBounds> = (resources, bounds) => {
    const tooLong = (
        what: string,
        urn: string,
        days: unknown,
        most: number,
        setting: string,
    ): Violation[] =>
        typeof days === "number" && days > most
            ? [
                  {
                      message: `${what} is valid for ${days} days, more than ${most} — lower ${setting}`,
                      urn,
                  },
              ]
            : [];
    return [
        ...ofType(resources, types.deviceCertificate).flatMap(({ name, urn, props }) =>
            tooLong(
                `The certificate of device ${name}`,
                urn,
                props.validityDays,
                bounds.maxDeviceDays,
                "validityDays of its group",
            ),
        ),
        ...ofType(resources, types.locallySigned).flatMap(({ name, urn, props }) =>
            tooLong(
                `Intermediate ${name}`,
                urn,
                days(props.validityPeriodHours),
                bounds.maxIntermediateDays,
                "intermediate.validityDays of its group",
            ),
        ),
        ...ofType(resources, types.selfSigned).flatMap(({ name, urn, props }) =>
            tooLong(
                `Root ${name}`,
                urn,
                days(props.validityPeriodHours),
                bounds.maxRootDays,
                "pki.root.validityDays",
            ),
        ),
    ];
};

function days(hours: unknown): unknown {
    return typeof hours === "number" ? hours / 24 : hours;
}

export interface RenewalBounds {
    /** The smallest renewal window, in days before the certificate expires. */
    readonly minDays: number;
    /**
     * The largest window, as a share of the validity; a longer one would make a certificate due for most of its life.
     */
    readonly maxShare: number;
}

/** The time in which a device can get its next certificate. */
export const renewalWindows: Rule<RenewalBounds> = (resources, { minDays, maxShare }) =>
    ofType(resources, types.deviceCertificate).flatMap(({ name, urn, props }): Violation[] => {
        const { validityDays, renewBeforeDays } = props;
        if (typeof validityDays !== "number" || typeof renewBeforeDays !== "number") {
            return [];
        }
        const most = Math.floor(validityDays * maxShare);
        return renewBeforeDays < minDays
            ? [
                  {
                      message: `Device ${name} has ${renewBeforeDays} days to get its next certificate, less than ${minDays} — raise renewBeforeDays of its group`,
                      urn,
                  },
              ]
            : renewBeforeDays > most
              ? [
                    {
                        message: `Device ${name} is renewed ${renewBeforeDays} of its ${validityDays} days before the end, more than ${most} — lower renewBeforeDays of its group`,
                        urn,
                    },
                ]
              : [];
    });
