import { X509Certificate } from "crypto";
import { BadCertificate, commonName, oneLine, parseCertificate } from "../x509/caCertificate";

/**
 * Checks a proof of possession: a certificate whose common name is the verification code, signed directly by the CA's
 * key (Azure docs: iot-hub, "Verify CA certificate ownership").
 *
 * @param code the open verification code; undefined when none was requested
 * @returns what is wrong with the proof, in Azure's words where they are known, or undefined
 */
export function proofProblem(
    ca: X509Certificate,
    code: string | undefined,
    content: unknown,
    now: Date,
): string | undefined {
    if (code === undefined) {
        return "No verification code was generated for this certificate.";
    }
    let proof: X509Certificate;
    try {
        proof = parseCertificate(content);
    } catch (error) {
        if (error instanceof BadCertificate) {
            return `The verification certificate cannot be read: ${error.message}.`;
        }
        throw error;
    }
    if (!proof.checkIssued(ca) || !proof.verify(ca.publicKey)) {
        return `Issuer certificate '${oneLine(proof.issuer)}' cannot be found in the certificate chain.`;
    }
    if (commonName(proof) !== code) {
        return "The common name of the verification certificate is not the verification code.";
    }
    if (now < new Date(proof.validFrom) || now > new Date(proof.validTo)) {
        return (
            `The verification certificate is not within its validity period ` +
            `(${proof.validFrom} to ${proof.validTo}).`
        );
    }
    return undefined;
}
