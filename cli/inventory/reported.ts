import { HubDevice } from "./azureView";

/** What a device itself says of its certificate, in its twin's reported properties. */
export interface Reported {
    /** SHA-256, upper-case hex. */
    readonly thumbprint: string;
    /** Undefined: it reports nothing that can be read. */
    readonly text: { readonly issuer: string; readonly notAfter: string } | undefined;
}

/**
 * What a device reports. A hub that recognizes the device by other thumbprints would refuse the certificate, so the report
 * is older than they are.
 *
 * @returns undefined: nothing
 */
export function reportedBy(hub: HubDevice | undefined): Reported | undefined {
    const { thumbprint, issuer, notAfter } = (hub?.reported.certificate ?? {}) as Readonly<
        Record<string, unknown>
    >;
    if (typeof thumbprint !== "string" || !/^[0-9a-f]{64}$/i.test(thumbprint)) {
        return undefined;
    }
    const reported = thumbprint.toUpperCase();
    const accepted = hubThumbprints(hub);
    // A thumbprint of 40 digits is a SHA-1, which cannot be compared.
    if (accepted.length > 0 && accepted.every((one) => one.length === 64 && one !== reported)) {
        return undefined;
    }
    const end = typeof notAfter === "string" ? Date.parse(notAfter) : NaN;
    return {
        thumbprint: reported,
        text:
            typeof issuer === "string" && !isNaN(end)
                ? { issuer, notAfter: new Date(end).toISOString() }
                : undefined,
    };
}

/** The thumbprints by which a hub recognizes a device, upper-case hex; none if it checks the CA instead. */
export function hubThumbprints(hub: HubDevice | undefined): string[] {
    const { authentication } = hub?.device ?? {};
    if (authentication?.type !== "selfSigned") {
        return [];
    }
    const { primaryThumbprint, secondaryThumbprint = "" } = authentication.x509Thumbprint;
    return [primaryThumbprint, secondaryThumbprint]
        .filter((one) => one !== "")
        .map((one) => one.toUpperCase());
}
