import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";
import { KeyAlgorithm } from "../x509/issue";
import { Issuer } from "./issuer";

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
    /** Left out while the group's CA awaits its signature: a certificate that is there stays as it is, and its key with it. */
    readonly issuer: Issuer | undefined;
    /** PEM of the device's signing request; exclusive with `keyAlgorithm` and `keyGeneration`. */
    readonly csr?: string;
    /** Of a generated key. */
    readonly keyAlgorithm?: KeyAlgorithm;
    /** Raising it makes a new key. */
    readonly keyGeneration?: number;
}

/** A device's client certificate, signed by its group's intermediate CA; with a generated key unless a CSR is given. */
export class DeviceCertificate extends DynamicResource {
    /** PEM of the leaf alone. */
    declare readonly certificate: pulumi.Output<string>;
    /** PKCS#8 PEM, secret; undefined for a device that gave a CSR. */
    declare readonly privateKey: pulumi.Output<string | undefined>;
    /** Certificates before it that have not ended; undefined: none. */
    declare readonly former: pulumi.Output<readonly string[] | undefined>;

    constructor(
        name: string,
        { issuer, ...request }: DeviceCertificateArgs,
        options?: pulumi.CustomResourceOptions,
    ) {
        super(
            { module: "pki/deviceCertificate", type: "pki:DeviceCertificate" },
            name,
            // As two properties, because the state has a list of dependencies for each.
            {
                issuer: issuer?.digest,
                request,
                certificate: undefined,
                privateKey: undefined,
                former: undefined,
            },
            pulumi.mergeOptions(options, { additionalSecretOutputs: ["privateKey"] }),
        );
    }
}
