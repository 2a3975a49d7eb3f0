import { X509Certificate } from "crypto";
import { BadCertificate, parseCertificate } from "../../x509/caCertificate";
import { ProvisioningService, X509Attestation } from "../model";
import { isObject, JsonObject } from "./call";
import { NotEmulated, ServiceProblem } from "./errors";

export type EnrollmentKind = "individual" | "group";

const kinds = ["clientCertificates", "signingCertificates", "caReferences"] as const;

/**
 * Reads `attestation` (azure-rest-api-specs, provisioning service 2021-10-01, `AttestationMechanism`).
 *
 * @param before the enrollment's present attestation; a certificate that is sent back only as its `info` is kept
 * @throws ServiceProblem 400, or 401 for a CA that is missing on the service or not verified
 */
export function readAttestation(
    service: ProvisioningService,
    kind: EnrollmentKind,
    given: unknown,
    before: X509Attestation | undefined,
): X509Attestation {
    if (!isObject(given)) {
        throw new ServiceProblem("badRequest", "TPM or X509 attestation is required.");
    }
    if (given.type === "tpm" || given.type === "symmetricKey") {
        throw new NotEmulated(`attestation by ${String(given.type)}: it supports X.509 only`);
    }
    const x509 = given.x509;
    const present = kinds.filter((name) => isObject(x509) && isObject(x509[name]));
    if (given.type !== "x509" || present.length !== 1) {
        const names = kinds.join(", ");
        throw new ServiceProblem(
            "badRequest",
            `An X509 attestation has the type "x509" and exactly one of ${names}.`,
        );
    }
    const [name] = present;
    const unfit = kind === "group" ? "clientCertificates" : "signingCertificates";
    if (name === unfit) {
        const what = kind === "group" ? "An enrollment group" : "An individual enrollment";
        throw new ServiceProblem("badRequest", `${what} cannot attest by ${name}.`);
    }
    const parts = (x509 as JsonObject)[name] as JsonObject;
    const read = (part: unknown): string =>
        name === "caReferences"
            ? caReference(service, part)
            : certificate(part, name === "signingCertificates", before);
    if (!parts.primary) {
        throw new ServiceProblem("badRequest", `${name} needs a primary certificate.`);
    }
    const primary = read(parts.primary);
    return parts.secondary
        ? { kind: name, primary, secondary: read(parts.secondary) }
        : { kind: name, primary };
}

function caReference(service: ProvisioningService, name: unknown): string {
    const found =
        typeof name === "string" ? service.certificates.get(name.toLowerCase()) : undefined;
    if (found?.isVerified !== true) {
        throw new ServiceProblem("unauthorized", "CA certificate not found.");
    }
    return found.name;
}

function certificate(
    given: unknown,
    isSigning: boolean,
    before: X509Attestation | undefined,
): string {
    const { certificate: content, info } = isObject(given) ? given : {};
    if (!content && isObject(info) && before !== undefined && before.kind !== "caReferences") {
        const kept = [before.primary, before.secondary].find(
            (pem) =>
                pem !== undefined &&
                certificateInfo(new X509Certificate(pem)).sha256Thumbprint ===
                    String(info.sha256Thumbprint).toUpperCase(),
        );
        if (kept !== undefined) {
            return kept;
        }
    }
    try {
        const parsed = parseCertificate(content);
        if (isSigning && !parsed.ca) {
            throw new BadCertificate("it is not a CA: basicConstraints CA:TRUE is missing");
        }
        return parsed.toString();
    } catch (error) {
        if (error instanceof BadCertificate) {
            throw new ServiceProblem(
                "badRequest",
                `The certificate cannot be accepted: ${error.message}.`,
            );
        }
        throw error;
    }
}

/** Cached by attestation: reading a thousand certificates at each write would take a second. */
const fingerprints = new WeakMap<X509Attestation, string[]>();

/** SHA-256 fingerprints of the certificates that an enrollment names; a CA that no longer exists is omitted. */
export function namedCertificates(
    service: ProvisioningService,
    attestation: X509Attestation,
): string[] {
    const { kind, primary, secondary = primary } = attestation;
    if (kind === "caReferences") {
        return [primary, secondary].flatMap((name) => {
            const certificate = service.certificates.get(name.toLowerCase());
            return certificate === undefined ? [] : [fingerprint(certificate.pem)];
        });
    }
    const known = fingerprints.get(attestation) ?? [primary, secondary].map(fingerprint);
    fingerprints.set(attestation, known);
    return known;
}

function fingerprint(pem: string): string {
    return new X509Certificate(pem).fingerprint256;
}

/** `attestation` in a reply: information about the certificates, not the certificates themselves. */
export function attestationView({ kind, primary, secondary }: X509Attestation): object {
    const show = (text: string): unknown =>
        kind === "caReferences" ? text : { info: certificateInfo(new X509Certificate(text)) };
    return {
        type: "x509",
        x509: {
            [kind]: {
                primary: show(primary),
                ...(secondary === undefined ? {} : { secondary: show(secondary) }),
            },
        },
    };
}

/** `X509CertificateInfo` of the specification. */
export interface CertificateInfo {
    readonly subjectName: string;
    /** Upper-case hex. */
    readonly sha1Thumbprint: string;
    readonly sha256Thumbprint: string;
    readonly issuerName: string;
    /** ISO time with seconds. */
    readonly notBeforeUtc: string;
    readonly notAfterUtc: string;
    readonly serialNumber: string;
    readonly version: number;
}

function certificateInfo(parsed: X509Certificate): CertificateInfo {
    return {
        subjectName: distinguishedName(parsed.subject),
        sha1Thumbprint: parsed.fingerprint.replace(/:/g, ""),
        sha256Thumbprint: parsed.fingerprint256.replace(/:/g, ""),
        issuerName: distinguishedName(parsed.issuer),
        notBeforeUtc: seconds(parsed.validFrom),
        notAfterUtc: seconds(parsed.validTo),
        serialNumber: parsed.serialNumber,
        version: versionOf(parsed.raw),
    };
}

/** .NET's form, which the service shows: the most specific part comes first. */
function distinguishedName(name: string): string {
    return name.split("\n").reverse().join(", ");
}

function seconds(time: string): string {
    return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** `[0] EXPLICIT Version DEFAULT v1`, the first element of the TBSCertificate (RFC 5280 section 4.1). */
function versionOf(der: Buffer): number {
    const header = (at: number): number => (der[at + 1] < 0x80 ? 2 : 2 + (der[at + 1] & 0x7f));
    const tbs = header(0);
    const first = tbs + header(tbs);
    return der[first] === 0xa0 ? der[first + 4] + 1 : 1;
}
