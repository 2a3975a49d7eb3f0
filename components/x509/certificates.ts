import { createHash, X509Certificate } from "crypto";

/** The facts of a certificate (PEM) that outputs and comparisons need. */
export interface CertificateFacts {
    /** SHA-1 of the DER, upper-case hex: what ARM calls `thumbprint`. */
    readonly sha1Thumbprint: string;
    /** SHA-256 of the DER, upper-case hex. */
    readonly sha256Thumbprint: string;
    /** ISO 8601. */
    readonly notAfter: string;
    /** SHA-256 of the SubjectPublicKeyInfo, hex. */
    readonly keyId: string;
}

/** @throws Error when the text is not one PEM certificate */
export function certificateFacts(pem: string): CertificateFacts {
    const certificate = new X509Certificate(pem);
    return {
        sha1Thumbprint: certificate.fingerprint.replace(/:/g, ""),
        sha256Thumbprint: certificate.fingerprint256.replace(/:/g, ""),
        notAfter: new Date(certificate.validTo).toISOString(),
        keyId: publicKeyId(certificate.publicKey.export({ type: "spki", format: "der" })),
    };
}

/** SHA-256 of a SubjectPublicKeyInfo (DER), hex. */
export function publicKeyId(publicKey: Buffer): string {
    return createHash("sha256").update(publicKey).digest("hex");
}

/** Whether an authority's key signed a certificate that names it; false for a key that cannot be read. */
export function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
    try {
        return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
    } catch {
        return false;
    }
}
