import { X509Certificate } from "crypto";
import type { SubjectPolicy } from "../components/x509/issue";

/** A CA of a group: one of its generations. */
export interface EstAuthority {
    /** `<group>-g<generation>`. */
    readonly name: string;
    /** PEM. */
    readonly certificatePem: string;
}

/** When a CA can no longer sign. */
export function endOfCa({ certificatePem }: EstAuthority): Date {
    return new Date(new X509Certificate(certificatePem).validTo);
}

/** The number in a CA's name. */
export function generationOf({ name }: EstAuthority): number {
    return Number(/\d+$/.exec(name)?.[0]);
}

/** A secret that one device may use once. */
export interface EstSecret {
    /** SHA-256 of its UTF-8 bytes, lower-case hex. */
    readonly sha256: string;
    /** ISO 8601. */
    readonly expires: string;
}

/** What the service knows of a group. */
export interface EstGroup {
    readonly name: string;
    readonly isBlocked: boolean;
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    /** Whether the devices register at the provisioning service, which writes their thumbprints. */
    readonly isProvisioned: boolean;
    /** Whether devices have a certificate for this service beside the one for their hub: see twoCertificates.ts. */
    readonly hasIdentityCertificates: boolean;
    /** Trusted generations, newest first. */
    readonly trusted: readonly EstAuthority[];
    /** The generation that signs; undefined: the group awaits its CA. */
    readonly issuer: EstAuthority | undefined;
    /** PEM of the root above the issuer; undefined with it. */
    readonly rootPem: string | undefined;
    /** PEM of the manufacturer's CA. */
    readonly bootstrapPem: string | undefined;
    /** One-time secrets by device ID. */
    readonly secrets: ReadonlyMap<string, EstSecret>;
}

/** What the settings say about a listed device. */
export interface EstDevice {
    /** Undefined for a device that the hub knows by its own certificate's thumbprint. */
    readonly group: string | undefined;
    readonly isDisabled: boolean;
}

/** All that requests are judged by, except what the hub says. Holds no secret. */
export interface EstPolicy {
    readonly groups: ReadonlyMap<string, EstGroup>;
    readonly devices: ReadonlyMap<string, EstDevice>;
    readonly subject: SubjectPolicy;
    /** Days after its end in which a certificate still renews. */
    readonly graceDays: number;
    /** Hours in which a certificate that was renewed may ask again. */
    readonly repeatHours: number;
}
