import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";
import { textDigest } from "../dynamic/writeOnly";

/** Arguments of an {@link Issuer}. */
export interface IssuerArgs {
    /** PEM of the CA's certificate. */
    readonly certificate: pulumi.Input<string>;
    /** PKCS#8 PEM; used for signing and kept out of every state. */
    readonly key: pulumi.Input<string>;
}

/**
 * A CA as the signer of many {@link DeviceCertificate}s. It passes certificate and key to the signing process once per
 * run, so that a device's certificate refers to its issuer by a short digest.
 */
export class Issuer extends DynamicResource {
    /** Identifies the CA's certificate; another certificate has another digest. */
    declare readonly digest: pulumi.Output<string>;

    constructor(name: string, args: IssuerArgs, options?: pulumi.CustomResourceOptions) {
        super(
            { module: "pki/issuer", type: "pki:Issuer" },
            name,
            {
                // Computed here, so that a preview knows it before the issuer itself is created.
                digest: pulumi.unsecret(pulumi.output(args.certificate).apply(textDigest)),
                signer: pulumi.secret({ ...args }),
            },
            options,
        );
    }
}
