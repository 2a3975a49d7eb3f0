import { X509Certificate } from "crypto";
import { certificateFacts } from "../x509/certificates";

/** So many of a device are remembered, the newest. */
const most = 8;

/** A certificate that the device had before its present one, and that has not ended. */
export interface FormerCertificate {
    /** The first 32 hex digits of its SHA-256 thumbprint, in capitals. */
    readonly thumbprint: string;
    /** Of the CA that signed it. */
    readonly generation: number;
    /** The first 8 hex digits of the SHA-256 of its SubjectPublicKeyInfo. */
    readonly keyId: string;
    /** The day on which it ends, e.g. `2027-03-01`. */
    readonly end: string;
}

/** As one short text, because the state has it for every device: `<thumbprint>/<generation>/<keyId>/<end>`. */
export function readFormer(text: string): FormerCertificate {
    const [thumbprint, generation, keyId, end] = text.split("/");
    return { thumbprint, generation: Number(generation), keyId, end };
}

/**
 * What is to be remembered when a certificate is replaced: it, and those before it that have not ended.
 *
 * @param pem of the certificate that is replaced
 * @param before what was remembered until now
 */
export function remember(pem: string, before: readonly string[] = []): string[] {
    const { sha256Thumbprint, keyId, notAfter } = certificateFacts(pem);
    const end = notAfter.slice(0, 10);
    const newest = `${sha256Thumbprint.slice(0, 32)}/${generationOfIssuer(pem)}/${keyId.slice(0, 8)}/${end}`;
    const today = new Date().toISOString().slice(0, 10);
    return [newest, ...before].filter((one) => readFormer(one).end >= today).slice(0, most);
}

/** Of the CA that signed a certificate (PEM); 0: unknown. The program's CAs have it at the end of their names: `CN=IoT Intermediate CA pumps G2`. */
export function generationOfIssuer(pem: string): number {
    return Number(/^CN=.* G(\d+)$/m.exec(new X509Certificate(pem).issuer)?.[1] ?? 0);
}
