import { createHash, X509Certificate } from "crypto";
import { certificateFacts } from "../x509/certificates";

/** How many are remembered per device: the newest ones. */
const most = 8;

/** An earlier certificate of the device that has not expired. */
export interface FormerCertificate {
    /** The first 32 hex digits of its SHA-256 thumbprint, in capitals. */
    readonly thumbprint: string;
    /** Generation of the CA that signed it. */
    readonly generation: number;
    /** The first 8 hex digits of the SHA-256 of its SubjectPublicKeyInfo. */
    readonly keyId: string;
    /** The day on which it expires, e.g. `2027-03-01`. */
    readonly end: string;
    /** {@link issuerId} of the CA that signed it; undefined: written before it was remembered. */
    readonly issuer?: string;
}

/** Reads the short text that the state has for every device: `<thumbprint>/<generation>/<keyId>/<end>/<issuer>`. */
export function readFormer(text: string): FormerCertificate {
    const [thumbprint, generation, keyId, end, ...rest] = text.split("/");
    const [issuer]: readonly (string | undefined)[] = rest;
    return {
        thumbprint,
        generation: Number(generation),
        keyId,
        end,
        ...(issuer === undefined ? {} : { issuer }),
    };
}

/**
 * Tells the CAs of one environment apart, also after a device has moved to another group.
 *
 * @param name its distinguished name, as Node.js writes it
 * @returns 8 hex digits
 */
export function issuerId(name: string): string {
    return createHash("sha256").update(name).digest("hex").slice(0, 8);
}

/**
 * What to remember when a certificate is replaced: that certificate, and earlier ones that have not expired.
 *
 * @param pem the certificate that is replaced
 * @param before what has been remembered so far
 */
export function remember(pem: string, before: readonly string[] = []): string[] {
    const { sha256Thumbprint, keyId, notAfter } = certificateFacts(pem);
    const end = notAfter.slice(0, 10);
    const newest = `${sha256Thumbprint.slice(0, 32)}/${generationOfIssuer(pem)}/${keyId.slice(0, 8)}/${end}/${issuerId(new X509Certificate(pem).issuer)}`;
    const today = new Date().toISOString().slice(0, 10);
    return [newest, ...before].filter((one) => readFormer(one).end >= today).slice(0, most);
}

/**
 * Generation of the CA that signed a certificate (PEM); 0 if unknown. The names of the program's CAs end in it, e.g.
 * `CN=IoT Intermediate CA pumps G2`.
 */
export function generationOfIssuer(pem: string): number {
    return Number(/^CN=.* G(\d+)$/m.exec(new X509Certificate(pem).issuer)?.[1] ?? 0);
}
