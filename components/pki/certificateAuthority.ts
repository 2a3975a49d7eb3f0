import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import {
    ArgumentChecks,
    converted,
    matching,
    oneOf,
    Rule,
    wholeNumber,
} from "../inputs/componentArgs";
import { KeyAlgorithm, keyAlgorithms } from "../x509/issue";

/** Arguments of a {@link CertificateAuthority}. */
export interface CertificateAuthorityArgs {
    /** Common name of the subject, 1 to 64 characters (RFC 5280, appendix A.1), e.g. `Contoso IoT Root CA`. */
    readonly commonName: pulumi.Input<string>;
    /** Organization of the subject, 1 to 64 characters, e.g. `Contoso`. */
    readonly organization: pulumi.Input<string>;
    /** Country of the subject as two capital letters (ISO 3166), e.g. `NO`. Default: the subject has none. */
    readonly country?: pulumi.Input<string>;
    /** Algorithm and size of the key, e.g. `ECDSA-P256`. */
    readonly keyAlgorithm: pulumi.Input<KeyAlgorithm>;
    /** Lifetime of the certificate in hours, e.g. `87600` for ten years. */
    readonly validityHours: pulumi.Input<number>;
    /**
     * Whether an expired certificate is replaced. If so, the certificate is not protected, but the key still is. Default:
     * `false`. Plain, because it decides the options of a resource.
     */
    readonly isRenewed?: boolean;
    /** The CA that signs this one. Default: none; a root signs itself. Excludes {@link signedElsewhere}. */
    readonly issuer?: CertificateAuthority;
    /**
     * Makes this an intermediate of an offline issuer. Default: none. Plain, because whether there is a certificate decides
     * what the stack deploys.
     */
    readonly signedElsewhere?: {
        /** PEM that the offline issuer signed for this CA's request; undefined until it is available. */
        readonly certificatePem: pulumi.Input<string> | undefined;
    };
}

/** Upper bound of a common name and an organization (RFC 5280, appendix A.1: ub-common-name). */
const subjectText: Rule<string> = {
    holds: (value) => typeof value === "string" && value !== "" && [...value].length <= 64,
    text: "1 to 64 characters (RFC 5280, appendix A.1)",
};
const algorithms = oneOf(keyAlgorithms);
/** Ends by the year 9999 (RFC 5280, 4.1.2.5). */
const lifetime = wholeNumber(1, 70_000_000, "hours");
const country = matching(/^[A-Z]{2}$/, "two capital letters (ISO 3166), e.g. NO");

/**
 * A CA whose key lives in the stack's state, as a secret: a self-signed root, an intermediate under such a root, or an
 * intermediate whose certificate is signed elsewhere. Creates the key, a signing request for an intermediate, and the
 * certificate (CA:TRUE, keyCertSign and cRLSign, key identifiers; RFC 5280, 4.2.1).
 *
 * A root has pathLen 1, so no CA can exist below an intermediate; intermediates have none, because the tls provider drops
 * a pathLen of 0.
 */
export class CertificateAuthority extends pulumi.ComponentResource {
    /** PEM; undefined until the offline issuer's signature is available. */
    readonly certificate: pulumi.Output<string> | undefined;
    /** PKCS#8 PEM, secret. */
    readonly privateKey: pulumi.Output<string>;
    /** PEM of the PKCS#10 request; undefined for a root. */
    readonly signingRequest: pulumi.Output<string> | undefined;

    constructor(
        name: string,
        given: CertificateAuthorityArgs,
        options?: pulumi.ComponentResourceOptions,
    ) {
        super("iot-x509:pki:CertificateAuthority", name, {}, options);
        const args = checkedArgs(name, given);
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

function checkedArgs(name: string, args: CertificateAuthorityArgs): CertificateAuthorityArgs {
    const { issuer, signedElsewhere } = args;
    const checks = new ArgumentChecks(`CertificateAuthority "${name}"`);
    const checked = {
        ...args,
        commonName: checks.input("commonName", args.commonName, subjectText),
        organization: checks.input("organization", args.organization, subjectText),
        country: checks.input("country", args.country, country),
        keyAlgorithm: checks.input("keyAlgorithm", args.keyAlgorithm, algorithms),
        validityHours: checks.input("validityHours", args.validityHours, lifetime),
    };
    checks.that(
        "signedElsewhere",
        issuer === undefined || signedElsewhere === undefined,
        "excludes issuer: a certificate has one signer; delete one of the two",
    );
    checks.done();
    return checked;
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

function keyArgs(keyAlgorithm: pulumi.Input<KeyAlgorithm>): tls.PrivateKeyArgs {
    const parts = converted(keyAlgorithm, keyParts);
    return pulumi.Output.isInstance(parts)
        ? {
              algorithm: parts.algorithm,
              rsaBits: parts.apply(({ rsaBits }) => rsaBits as number),
              ecdsaCurve: parts.apply(({ ecdsaCurve }) => ecdsaCurve as string),
          }
        : parts;
}

function keyParts(keyAlgorithm: KeyAlgorithm): {
    readonly algorithm: string;
    readonly rsaBits?: number;
    readonly ecdsaCurve?: string;
} {
    const [kind, size] = keyAlgorithm.split("-");
    return kind === "RSA"
        ? { algorithm: "RSA", rsaBits: Number(size) }
        : { algorithm: "ECDSA", ecdsaCurve: size };
}
