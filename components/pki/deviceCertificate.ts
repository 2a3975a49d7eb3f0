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
    /** Validity in days, cut short where the issuer expires earlier. */
    readonly validityDays: number;
    /** Days before expiry from which `pulumi up` renews it. */
    readonly renewBeforeDays: number;
    /** Omitted until the group's CA is signed: meanwhile an existing certificate and its key stay as they are. */
    readonly issuer: Issuer | undefined;
    /** PEM of the device's signing request; exclusive with `keyAlgorithm` and `keyGeneration`. */
    readonly csr?: string;
    /** Algorithm of a generated key. */
    readonly keyAlgorithm?: KeyAlgorithm;
    /** Raise it to generate a new key. */
    readonly keyGeneration?: number;
}

/** A device's client certificate, signed by its group's intermediate CA; its key is generated unless a CSR is given. */
export class DeviceCertificate extends DynamicResource {
    /** PEM of the leaf alone. */
    declare readonly certificate: pulumi.Output<string>;
    /** PKCS#8 PEM, secret; undefined for a device that supplied a CSR. */
    declare readonly privateKey: pulumi.Output<string | undefined>;
    /** Earlier certificates that have not expired; undefined if there are none. */
    declare readonly former: pulumi.Output<readonly string[] | undefined>;

    constructor(
        name: string,
        { issuer, ...request }: DeviceCertificateArgs,
        options?: pulumi.CustomResourceOptions,
    ) {
        super(
            { module: "pki/deviceCertificate", type: "pki:DeviceCertificate" },
            name,
            // Only two properties, because the state has a list of dependencies for each.
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
