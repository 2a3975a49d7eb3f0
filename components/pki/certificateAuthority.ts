import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { KeyAlgorithm } from "../x509/issue";

/** Arguments of a {@link CertificateAuthority}. */
export interface CertificateAuthorityArgs {
    readonly commonName: string;
    readonly organization: string;
    readonly country: string | undefined;
    readonly keyAlgorithm: KeyAlgorithm;
    readonly validityHours: number;
    /** Its certificate has ended and is made again, which protection does not forbid; the key stays protected. */
    readonly isRenewed?: boolean;
    /** The CA that signs this one; left out for a root, which signs itself. */
    readonly issuer?: CertificateAuthority;
    /** PEM of a certificate that an offline issuer signed for this CA's request; undefined while it is awaited. */
    readonly signedElsewhere?: { readonly certificatePem: string | undefined };
}

/**
 * A CA whose key lives in the stack's state, as a secret: a self-signed root, an intermediate under such a root, or an
 * intermediate whose certificate is signed elsewhere. Makes the key, for an intermediate a signing request, and the
 * certificate (CA:TRUE, keyCertSign and cRLSign, key identifiers; RFC 5280, 4.2.1).
 *
 * A root carries pathLen 1, so that no CA can stand below an intermediate; the intermediates carry none, because the tls
 * provider drops a pathLen of 0.
 */
export class CertificateAuthority extends pulumi.ComponentResource {
    /** PEM; undefined while an offline issuer's signature is awaited. */
    readonly certificate: pulumi.Output<string> | undefined;
    /** PKCS#8 PEM, secret. */
    readonly privateKey: pulumi.Output<string>;
    /** PEM of the PKCS#10 request; undefined for a root. */
    readonly signingRequest: pulumi.Output<string> | undefined;

    constructor(
        name: string,
        args: CertificateAuthorityArgs,
        options?: pulumi.ComponentResourceOptions,
    ) {
        super("iot-x509:pki:CertificateAuthority", name, {}, options);
        const { protect } = options ?? {};
        const child = { parent: this, protect };
        const key = new tls.PrivateKey(`${name}-key`, keyArgs(args.keyAlgorithm), child);
        const certificateOptions = args.isRenewed ? { ...child, protect: false } : child;
        const { commonName, organization, country } = args;
        const subject = { commonName, organization, country };

        this.privateKey = key.privateKeyPemPkcs8;
        if (args.issuer === undefined && args.signedElsewhere === undefined) {
            this.certificate = selfSigned(name, args, subject, key, certificateOptions).certPem;
        } else {
            const request = new tls.CertRequest(
                `${name}-request`,
                { privateKeyPem: key.privateKeyPem, subject },
                child,
            );
            this.signingRequest = request.certRequestPem;
            this.certificate = this.signed(name, args, request, certificateOptions);
        }
        this.registerOutputs({ certificate: this.certificate });
    }

    private signed(
        name: string,
        args: CertificateAuthorityArgs,
        request: tls.CertRequest,
        child: pulumi.CustomResourceOptions,
    ): pulumi.Output<string> | undefined {
        const { issuer, signedElsewhere } = args;
        if (issuer?.certificate === undefined) {
            const pem = signedElsewhere?.certificatePem;
            return pem === undefined ? undefined : pulumi.output(pem);
        }
        const certificate = new tls.LocallySignedCert(
            `${name}-certificate`,
            {
                certRequestPem: request.certRequestPem,
                caCertPem: issuer.certificate,
                caPrivateKeyPem: issuer.privateKey,
                ...policy(args),
            },
            child,
        );
        return certificate.certPem;
    }
}

function selfSigned(
    name: string,
    args: CertificateAuthorityArgs,
    subject: tls.SelfSignedCertArgs["subject"],
    key: tls.PrivateKey,
    child: pulumi.CustomResourceOptions,
): tls.SelfSignedCert {
    return new tls.SelfSignedCert(
        `${name}-certificate`,
        {
            privateKeyPem: key.privateKeyPem,
            subject,
            maxPathLength: 1,
            setAuthorityKeyId: true,
            ...policy(args),
        },
        child,
    );
}

function policy(args: CertificateAuthorityArgs) {
    return {
        isCaCertificate: true,
        setSubjectKeyId: true,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: args.validityHours,
    };
}

function keyArgs(algorithm: KeyAlgorithm): tls.PrivateKeyArgs {
    const [kind, size] = algorithm.split("-");
    return kind === "RSA"
        ? { algorithm: "RSA", rsaBits: Number(size) }
        : { algorithm: "ECDSA", ecdsaCurve: size };
}
