import "reflect-metadata";
import { X509Certificate } from "crypto";
import * as x509 from "@peculiar/x509";

/** The facts that validation needs about a certificate. Dates are milliseconds since the epoch. */
export interface CertificateFacts {
    readonly certificate: X509Certificate;
    /** One line, e.g. `CN=device-1, O=MyOrg`. */
    readonly subject: string;
    readonly issuer: string;
    /** All common names of the subject. */
    readonly commonNames: readonly string[];
    readonly notBefore: number;
    readonly notAfter: number;
    /** 1 for a certificate without extensions, otherwise 3 (RFC 5280 4.1.2.1). */
    readonly version: number;
    /** basicConstraints CA:TRUE. */
    readonly isCa: boolean;
    /** basicConstraints pathLenConstraint; undefined when there is none. */
    readonly pathLength: number | undefined;
    /** False when a keyUsage extension is present and lacks keyCertSign. */
    readonly maySignCertificates: boolean;
    /** False when a keyUsage extension is present and lacks digitalSignature. */
    readonly maySignHandshakes: boolean;
    /** OIDs of the critical extensions that path validation does not process. */
    readonly unknownCriticalExtensions: readonly string[];
    /** Undefined when there is no extendedKeyUsage extension. */
    readonly extendedKeyUsages: readonly string[] | undefined;
    /** Modulus length; undefined when the key is not RSA. */
    readonly rsaBits: number | undefined;
}

export const clientAuth = "1.3.6.1.5.5.7.3.2";
export const anyExtendedKeyUsage = "2.5.29.37.0";

/**
 * Extensions that may be critical: path validation processes them, or they do not restrict anything that it checks.
 * Extensions that it would have to enforce are not listed, above all name constraints (2.5.29.30) and policy
 * constraints (2.5.29.36).
 */
const processed: ReadonlySet<string> = new Set([
    "2.5.29.14", // subjectKeyIdentifier
    "2.5.29.15", // keyUsage
    "2.5.29.17", // subjectAltName: only the common name is compared
    "2.5.29.18", // issuerAltName
    "2.5.29.19", // basicConstraints
    "2.5.29.31", // cRLDistributionPoints: there is no revocation check
    "2.5.29.32", // certificatePolicies: any policy is accepted
    "2.5.29.35", // authorityKeyIdentifier
    "2.5.29.37", // extKeyUsage
]);

const issuersKept = 500;
const issuers = new Map<string, CertificateFacts>();

/**
 * Facts of an issuer, cached: many devices send the same few intermediates, and a hub's CAs are consulted at each
 * CONNECT.
 */
export function issuerFacts(certificate: X509Certificate | string): CertificateFacts {
    const key = typeof certificate === "string" ? certificate : certificate.fingerprint256;
    let facts = issuers.get(key);
    if (facts === undefined) {
        facts = certificateFacts(new X509Certificate(asInput(certificate)));
        if (issuers.size >= issuersKept) {
            issuers.clear();
        }
        issuers.set(key, facts);
    }
    return facts;
}

function asInput(certificate: X509Certificate | string): string | Buffer {
    return typeof certificate === "string" ? certificate : certificate.raw;
}

/** Reads the facts of a certificate. */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
    const parsed = new x509.X509Certificate(new Uint8Array(certificate.raw));
    const constraints = parsed.getExtension(x509.BasicConstraintsExtension);
    const usage = parsed.getExtension(x509.KeyUsagesExtension);
    const key = certificate.publicKey;
    return {
        certificate,
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        commonNames: parsed.subjectName.getField("CN"),
        notBefore: parsed.notBefore.getTime(),
        notAfter: parsed.notAfter.getTime(),
        version: versionOf(certificate.raw),
        isCa: constraints?.ca ?? false,
        pathLength: constraints?.pathLength,
        maySignCertificates: allows(usage, x509.KeyUsageFlags.keyCertSign),
        maySignHandshakes: allows(usage, x509.KeyUsageFlags.digitalSignature),
        unknownCriticalExtensions: parsed.extensions
            .filter(({ type, critical }) => critical && !processed.has(type))
            .map(({ type }) => type),
        extendedKeyUsages:
            parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String) ?? undefined,
        rsaBits: key.asymmetricKeyType?.startsWith("rsa")
            ? key.asymmetricKeyDetails?.modulusLength
            : undefined,
    };
}

function allows(usage: x509.KeyUsagesExtension | null, flag: x509.KeyUsageFlags): boolean {
    return usage === null || (usage.usages & flag) !== 0;
}

/** Distinguished names are compared without regard to letter case and runs of white space (RFC 5280 7.1). */
export function sameName(one: string, other: string): boolean {
    return foldName(one) === foldName(other);
}

function foldName(name: string): string {
    return name.replace(/\s+/g, " ").toLowerCase();
}

function oneLine(name: string | undefined): string {
    return (name ?? "").split("\n").join(", ");
}

/** TBSCertificate begins with `[0] version` unless the version is the default, v1 (RFC 5280 4.1). */
function versionOf(der: Buffer): number {
    const tbs = afterHeader(der, 0);
    const first = afterHeader(der, tbs);
    const hasVersion = der[first] === 0xa0;
    return hasVersion ? der[first + 4] + 1 : 1;
}

/** Where the content of the DER element at `offset` begins. */
function afterHeader(der: Buffer, offset: number): number {
    const length = der[offset + 1];
    return offset + 2 + (length < 0x80 ? 0 : length & 0x7f);
}
