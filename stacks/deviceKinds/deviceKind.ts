import type { X509Certificate } from "crypto";
import type { DeviceCertificateArgs } from "../../components/pki/deviceCertificate";
import type { KeyAlgorithm } from "../../components/x509/issue";
import type { DeviceIdentityArgs } from "../../components/registry/deviceIdentity";
import type { DeviceKindReader } from "../config/deviceKindReader";

/** What the group of a device says of its key. */
export interface KeyPolicy {
    readonly keyAlgorithm: KeyAlgorithm;
}

/** A device's certificate as the state has it. */
export interface HeldCertificate {
    readonly certificate: X509Certificate;
    /** Algorithm and generation of a generated key. */
    readonly key: unknown;
}

/** The certificate of a kind that its group's CA signs for. */
export interface CertificateOfKind<A> {
    /** Whether the program generates the key: then it is in the state and the outputs, and takes time. */
    readonly hasGeneratedKey: boolean;
    /** What the certificate is made from, beside the policy of the group. */
    args(
        authentication: A,
        group: KeyPolicy,
    ): Pick<DeviceCertificateArgs, "csr" | "keyAlgorithm" | "keyGeneration">;
    /** Names the key: another name is another key. */
    keyName(authentication: A, group: KeyPolicy): string;
    /** Whether the next certificate has the key of the one that is held. */
    keepsKey(authentication: A, group: KeyPolicy | undefined, held: HeldCertificate): boolean;
}

/**
 * One kind of device authentication: how the hub recognizes the device, and where its key lives. All that the program and
 * its commands do differently for a kind is here; {@link deviceKinds} lists the kinds.
 */
export interface DeviceKind<A extends { readonly kind: string }> extends DeviceKindReader<A> {
    readonly kind: A["kind"];
    /** In the tables of `npm run plan`. */
    readonly label: string;
    /** Undefined when no certificate is made for the device. */
    readonly certificate: CertificateOfKind<A> | undefined;
    /** What its identity on the hub is compared with; empty when that is its CA. */
    identity(authentication: A): Pick<DeviceIdentityArgs, "thumbprints">;
    /** Bytes that such a device adds to the state: certificate and identity, as estimated from exported states. */
    stateBytes(keyAlgorithm: KeyAlgorithm): number;
}
