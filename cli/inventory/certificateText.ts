import { X509Certificate } from "crypto";
import { oneLine } from "../../components/x509/distinguishedName";
import { CertificateText } from "./row";

/** Reads one certificate (PEM). */
export function certificateText(pem: string): CertificateText {
    const certificate = new X509Certificate(pem);
    return {
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        sha1Thumbprint: certificate.fingerprint.replace(/:/g, ""),
        sha256Thumbprint: certificate.fingerprint256.replace(/:/g, ""),
        serial: certificate.serialNumber.toUpperCase(),
        notBefore: new Date(certificate.validFrom).toISOString(),
        notAfter: new Date(certificate.validTo).toISOString(),
    };
}

const day = 24 * 3600 * 1000;

/** Full days until a certificate expires; negative afterwards. */
export function daysUntil(notAfter: string | null, now: Date): number | null {
    return notAfter === null ? null : Math.floor((Date.parse(notAfter) - now.getTime()) / day);
}
