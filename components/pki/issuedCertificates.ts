import { certificateFacts } from "../x509/certificates";
import { generationOfIssuer } from "./formerCertificates";

/** What the twin tag of a device tells of the certificate that its stack issued when the tag was written. */
export interface IssuedCertificate {
    /** Of the CA that signed it; 0: unknown. */
    readonly generation: number;
    /** ISO 8601. */
    readonly notAfter: string;
    /** SHA-256, upper-case hex. */
    readonly thumbprint: string;
}

/**
 * By device, what this run issued. Providers run in one process, so an identity that is made in the same run can tell of
 * it without an input, which would make it depend on the certificate and would enlarge each device's state.
 */
const issued = new Map<string, IssuedCertificate>();

export function noteIssued(deviceId: string, pem: string): void {
    const { notAfter, sha256Thumbprint: thumbprint } = certificateFacts(pem);
    issued.set(deviceId, { generation: generationOfIssuer(pem), notAfter, thumbprint });
}

/** Undefined if this run has issued none, or not yet. */
export function issuedTo(deviceId: string): IssuedCertificate | undefined {
    return issued.get(deviceId);
}
