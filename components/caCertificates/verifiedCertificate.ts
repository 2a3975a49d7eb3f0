import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/** Arguments of a {@link VerifiedCertificate}. */
export interface VerifiedCertificateArgs {
    /** ARM resource ID of the IoT hub or the Device Provisioning Service. */
    readonly targetId: pulumi.Input<string>;
    /** Start of the certificate's name there; the thumbprint's first eight digits follow. */
    readonly name: string;
    /** PEM of the CA certificate: a root or an intermediate. */
    readonly certificate: pulumi.Input<string>;
    /** PEM of the CA's key, which signs the proof and is kept out of the state. Omitted if the key is offline. */
    readonly key?: pulumi.Input<string>;
    /** PEM of a proof that was signed elsewhere for `verificationCode`. */
    readonly proof?: string;
}

/**
 * A CA certificate that a hub or a provisioning service trusts, proof of possession included. Another certificate
 * replaces it: the new one is added and proven first, the old one removed last.
 */
export class VerifiedCertificate extends DynamicResource {
    declare readonly certificateName: pulumi.Output<string>;
    /** SHA-1, upper-case hex, as Azure shows it. */
    declare readonly thumbprint: pulumi.Output<string>;
    declare readonly isVerified: pulumi.Output<boolean>;
    /** The code to sign elsewhere, until there is a proof; undefined if the CA's key is passed. */
    declare readonly verificationCode: pulumi.Output<string | undefined> | undefined;

    constructor(
        name: string,
        args: VerifiedCertificateArgs,
        options?: pulumi.CustomResourceOptions,
    ) {
        super(
            { module: "iothub/verifiedCertificate", type: "iothub:VerifiedCertificate" },
            name,
            {
                ...args,
                key: args.key === undefined ? undefined : pulumi.secret(args.key),
                certificateName: undefined,
                thumbprint: undefined,
                isVerified: undefined,
                ...(args.key === undefined ? { verificationCode: undefined } : {}),
            },
            options,
        );
    }
}
