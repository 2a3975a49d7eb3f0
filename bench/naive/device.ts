import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { DeviceIdentity } from "./deviceIdentity";

/** Of a device's key. */
export type KeyArgs = Pick<tls.PrivateKeyArgs, "algorithm" | "rsaBits" | "ecdsaCurve"> & {
    readonly algorithm: string;
};

/** Arguments of a {@link Device}. */
export interface DeviceArgs {
    readonly hostName: pulumi.Input<string>;
    readonly keys: KeyArgs;
    /** PEM. */
    readonly caCertificate: pulumi.Input<string>;
    /** PEM. */
    readonly caKey: pulumi.Input<string>;
}

/** A device: its key, its certificate, and its identity on the hub. */
export class Device extends pulumi.ComponentResource {
    /** PEM. */
    readonly certificate: pulumi.Output<string>;
    /** PEM, secret. */
    readonly privateKey: pulumi.Output<string>;

    constructor(name: string, args: DeviceArgs, options?: pulumi.ComponentResourceOptions) {
        super("naive:index:Device", name, {}, options);
        const child = { parent: this };
        const key = new tls.PrivateKey(`${name}-key`, args.keys, child);
        const request = new tls.CertRequest(
            `${name}-request`,
            {
                privateKeyPem: key.privateKeyPem,
                subject: { commonName: name, organization: "MyOrg", country: "US" },
            },
            child,
        );
        const certificate = new tls.LocallySignedCert(
            `${name}-certificate`,
            {
                certRequestPem: request.certRequestPem,
                caCertPem: args.caCertificate,
                caPrivateKeyPem: args.caKey,
                allowedUses: ["client_auth", "digital_signature"],
                validityPeriodHours: 365 * 24,
            },
            child,
        );
        new DeviceIdentity(`${name}-identity`, { hostName: args.hostName, deviceId: name }, child);
        this.certificate = certificate.certPem;
        this.privateKey = key.privateKeyPem;
        this.registerOutputs({ certificate: this.certificate, privateKey: this.privateKey });
    }
}
