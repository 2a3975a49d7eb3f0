import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";
import { LeafKeyAlgorithm } from "./issue";

/** Arguments of a {@link DeviceCertificate}. */
export interface DeviceCertificateArgs {
    /** Common name of the subject: the device ID, at most 64 characters (RFC 5280, ub-common-name). */
    readonly deviceId: string;
    readonly organization: string;
    readonly country: string | undefined;
    /** Days that a certificate is valid, cut to the issuer's end. */
    readonly validityDays: number;
    /** Days before its end from which `pulumi up` renews it. */
    readonly renewBeforeDays: number;
    /** PEM. */
    readonly issuerCertificate: pulumi.Input<string>;
    /** PEM; used to sign and kept out of this resource's state. */
    readonly issuerKey: pulumi.Input<string>;
    /** PEM of the device's signing request; exclusive with `keyAlgorithm` and `keyGeneration`. */
    readonly csr?: string;
    /** Of a generated key. */
    readonly keyAlgorithm?: LeafKeyAlgorithm;
    /** Raising it makes a new key. */
    readonly keyGeneration?: number;
}

/** A device's client certificate, signed by its group's intermediate CA; with a generated key unless a CSR is given. */
export class DeviceCertificate extends DynamicResource {
    /** PEM of the leaf alone. */
    declare readonly certificate: pulumi.Output<string>;
    /** PKCS#8 PEM, secret; undefined for a device that gave a CSR. */
    declare readonly privateKey: pulumi.Output<string | undefined>;
    /** End of validity, ISO 8601. */
    declare readonly notAfter: pulumi.Output<string>;

    constructor(name: string, args: DeviceCertificateArgs, options?: pulumi.CustomResourceOptions) {
        super(
            { module: "pki/deviceCertificateProvider", type: "pki:DeviceCertificate" },
            name,
            {
                ...args,
                issuerKey: pulumi.secret(args.issuerKey),
                certificate: undefined,
                privateKey: undefined,
                notAfter: undefined,
            },
            pulumi.mergeOptions(options, { additionalSecretOutputs: ["privateKey"] }),
        );
    }
}
