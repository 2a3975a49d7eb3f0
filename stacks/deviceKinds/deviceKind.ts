import type { X509Certificate } from "crypto";
import type { DeviceCertificateArgs } from "../../components/pki/deviceCertificate";
import type { KeyAlgorithm } from "../../components/x509/issue";
import type { DeviceIdentityArgs } from "../../components/registry/deviceIdentity";
import type { DeviceKindReader } from "../config/deviceKindReader";

/** What the group of a device says about its key. */
export interface KeyPolicy {
    readonly keyAlgorithm: KeyAlgorithm;
}

/** A device's certificate in the state. */
export interface HeldCertificate {
    readonly certificate: X509Certificate;
    /** Algorithm and generation of a generated key. */
    readonly key: unknown;
}

/** The certificate of a kind whose devices get it from their group's CA. */
export interface CertificateOfKind<A> {
    /** Whether the program generates the key, which takes time and puts it into the state and the outputs. */
    readonly hasGeneratedKey: boolean;
    /** What the certificate is made from, in addition to the group's policy. */
    args(
        authentication: A,
        group: KeyPolicy,
    ): Pick<DeviceCertificateArgs, "csr" | "keyAlgorithm" | "keyGeneration">;
    /** Identifies the key: a different name means a different key. */
    keyName(authentication: A, group: KeyPolicy): string;
    /** Whether the next certificate has the same key as the current one. */
    keepsKey(authentication: A, group: KeyPolicy | undefined, held: HeldCertificate): boolean;
}

/**
 * One kind of device authentication: how the hub recognizes the device, and where its key is. Everything that the program
 * and its commands do differently for a kind is here; {@link deviceKinds} lists the kinds.
 */
export interface DeviceKind<A extends { readonly kind: string }> extends DeviceKindReader<A> {
    readonly kind: A["kind"];
    /** Name in the tables of `npm run plan`. */
    readonly label: string;
    /** Undefined if no certificate is made for the device. */
    readonly certificate: CertificateOfKind<A> | undefined;
    /** What the hub compares the device's certificate with; empty if it checks the CA instead. */
    identity(authentication: A): Pick<DeviceIdentityArgs, "thumbprints">;
    /** Bytes that such a device adds to the state for certificate and identity, estimated from exported states. */
    stateBytes(keyAlgorithm: KeyAlgorithm): number;
}
