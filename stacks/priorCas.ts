import { createPublicKey, KeyObject, X509Certificate } from "crypto";
import { PreviousState } from "./previousState";
import { KeyAlgorithm } from "../components/x509/issue";

const hour = 3600 * 1000;
/** An intermediate whose lifetime was cut to its root's expires at most this long before the root. */
const cutMargin = 3 * hour;

const types = {
    key: "tls:index/privateKey:PrivateKey",
    request: "tls:index/certRequest:CertRequest",
    root: "tls:index/selfSignedCert:SelfSignedCert",
    intermediate: "tls:index/locallySignedCert:LocallySignedCert",
};

/** A certificate that @pulumi/tls signed in an earlier run. */
export interface PriorCertificate {
    readonly pem: string;
    readonly validityHours: number;
    readonly end: Date;
}

/** Subject and key of a CA. */
export interface CaMakeup {
    readonly commonName: string;
    readonly organization: string;
    readonly country: string | undefined;
    readonly keyAlgorithm: KeyAlgorithm;
}

/** A root that the program made in an earlier run. */
export type PriorRoot = PriorCertificate & CaMakeup;

interface Tls {
    readonly certPem: string;
    readonly caCertPem: string;
    readonly validityPeriodHours: number;
    readonly subject: {
        readonly commonName: string;
        readonly organization: string;
        readonly country?: string;
    };
    readonly algorithm: string;
    readonly rsaBits: number;
    readonly ecdsaCurve: string;
}

/** The CAs in the state, by the names from stacks/authorities.ts. */
export class PriorCas {
    constructor(private readonly state: PreviousState) {}

    root(name: string): PriorRoot | undefined {
        const certificate = this.find(types.root, `${name}-certificate`);
        const made = this.made(name, certificate);
        return certificate && made && { ...facts(certificate), ...made };
    }

    intermediate(name: string): PriorCertificate | undefined {
        const certificate = this.find(types.intermediate, `${name}-certificate`);
        return certificate && facts(certificate);
    }

    /** Names of all intermediates that a root of the program signed. */
    intermediates(): string[] {
        return [...this.state.all(types.intermediate).keys()].map((name) =>
            name.replace(/-certificate$/, ""),
        );
    }

    /** Name of the root that signed an intermediate; undefined if it is not one of the program's. */
    rootOf(name: string): string | undefined {
        const signed = this.find(types.intermediate, `${name}-certificate`);
        const roots = [...this.state.all(types.root)] as unknown as [string, Tls][];
        const found =
            signed && roots.find(([, { certPem }]) => certPem.trim() === signed.caCertPem.trim());
        return found?.[0].replace(/-certificate$/, "");
    }

    /** What an intermediate was made with, as far as it depends on the generation. */
    makeup(name: string): CaMakeup | undefined {
        return this.made(name, this.find(types.request, `${name}-request`));
    }

    /** @param described the resource that contains the CA's subject */
    private made(name: string, described: Tls | undefined): CaMakeup | undefined {
        const keyAlgorithm = this.keyAlgorithm(name);
        if (described === undefined || keyAlgorithm === undefined) {
            return undefined;
        }
        const { commonName, organization, country } = described.subject;
        return { commonName, organization, country: country || undefined, keyAlgorithm };
    }

    keyAlgorithm(name: string): KeyAlgorithm | undefined {
        const key = this.find(types.key, `${name}-key`);
        return (
            key &&
            ((key.algorithm === "RSA"
                ? `RSA-${key.rsaBits}`
                : `ECDSA-${key.ecdsaCurve}`) as KeyAlgorithm)
        );
    }

    /** The public part of the CA's key in the state. */
    publicKey(name: string): KeyObject | undefined {
        const key = this.state.find(types.key, `${name}-key`)?.["publicKeyPem"];
        return typeof key === "string" ? createPublicKey(key) : undefined;
    }

    private find(type: string, name: string): Tls | undefined {
        return this.state.find(type, name) as Tls | undefined;
    }
}

function facts({ certPem, validityPeriodHours }: Tls): PriorCertificate {
    const end = new Date(new X509Certificate(certPem).validTo);
    return { pem: certPem, validityHours: validityPeriodHours, end };
}

export function hasEnded(certificate: PriorCertificate | undefined): boolean {
    return certificate !== undefined && certificate.end.getTime() <= Date.now();
}

/**
 * Validity of an intermediate in hours, such that it does not outlive its root. An existing intermediate keeps its value;
 * otherwise every run would sign it again.
 *
 * @param root the root that signed or will sign it; undefined if it is made in the same run, with `rootHours`
 */
export function hoursWithinRoot(
    wanted: number,
    before: PriorCertificate | undefined,
    root: PriorCertificate | undefined,
    rootHours: number,
): number {
    const present = hasEnded(before) ? undefined : before;
    if (present?.validityHours === wanted) {
        return wanted;
    }
    if (root === undefined) {
        // The intermediate is made a few moments after its root.
        return Math.min(wanted, rootHours - 1);
    }
    const left = Math.max(1, Math.floor((root.end.getTime() - Date.now()) / hour) - 1);
    const lead = present && root.end.getTime() - present.end.getTime();
    const wasCut = lead !== undefined && lead >= 0 && lead < cutMargin;
    return wanted > left && present && wasCut ? present.validityHours : Math.min(wanted, left);
}
