import { X509Certificate } from "crypto";

/** An upload that is not a CA certificate; the message says why without quoting the upload. */
export class BadCertificate extends Error {}

/**
 * Reads an uploaded certificate: base64 of a PEM text or of DER (azure-cli since 2.27), or a plain PEM text (before
 * that). It must contain exactly one certificate.
 *
 * @throws BadCertificate
 */
export function parseCertificate(content: unknown): X509Certificate {
    if (typeof content !== "string" || content === "") {
        throw new BadCertificate("no certificate was given");
    }
    if (content.includes("-----BEGIN")) {
        return fromPem(content);
    }
    const compact = content.replace(/\s/g, "");
    if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) {
        throw new BadCertificate("it is neither PEM nor base64");
    }
    const bytes = Buffer.from(compact, "base64");
    return bytes.includes("-----BEGIN") ? fromPem(bytes.toString("latin1")) : fromDer(bytes);
}

function fromPem(text: string): X509Certificate {
    const blocks = text.match(/-----BEGIN [^-]+-----/g) ?? [];
    if (blocks.length > 1) {
        throw new BadCertificate("the PEM contains more than one object");
    }
    const body = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/.exec(text);
    if (body === null) {
        throw new BadCertificate("the PEM contains no certificate");
    }
    return fromDer(Buffer.from(body[1], "base64"));
}

function fromDer(bytes: Buffer): X509Certificate {
    let certificate: X509Certificate;
    try {
        certificate = new X509Certificate(bytes);
    } catch {
        throw new BadCertificate("it is not an X.509 certificate");
    }
    if (certificate.raw.length !== bytes.length) {
        throw new BadCertificate("data follows the certificate");
    }
    return certificate;
}

/**
 * Reads an upload that is to become a trusted CA. An X.509 version 1 certificate has no basicConstraints, hence is not
 * a CA (RFC 5280 section 4.2.1.9).
 *
 * @throws BadCertificate
 */
export function parseCa(content: unknown, now: Date): X509Certificate {
    const certificate = parseCertificate(content);
    if (!certificate.ca) {
        throw new BadCertificate("it is not a CA: basicConstraints CA:TRUE is missing");
    }
    if (new Date(certificate.validTo) < now) {
        throw new BadCertificate(`it expired on ${certificate.validTo}`);
    }
    return certificate;
}

/** The subject's common name; undefined when there is none or more than one. */
export function commonName(certificate: X509Certificate): string | undefined {
    const subject = certificate.toLegacyObject().subject as unknown as Record<string, unknown>;
    return typeof subject?.CN === "string" ? subject.CN : undefined;
}

/** A distinguished name on one line, most specific part first, e.g. `CN=IoT Root CA, O=MyOrg`. */
export function oneLine(name: string): string {
    return name.split("\n").join(", ");
}
