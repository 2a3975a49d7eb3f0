import { X509Certificate } from "crypto";
import { attempts, isStaleEtag, retryStale } from "../azure/staleEtag";
import { certificateFacts } from "../x509/certificates";
import { isKeyOf, issueLeaf, makeKeyPair } from "../x509/issue";
import { CaCertificate, CaCertificates, isRefusedProof } from "./caCertificates";

const day = 24 * 3600 * 1000;

/** A CA whose key is available. */
export interface ProvableCa {
    readonly certificatePem: string;
    readonly privateKeyPem: string;
}

/**
 * Adds a CA certificate to the service: uploads it, or takes over one with the same name and content, as an interrupted
 * run leaves it.
 *
 * @throws Error when another certificate has that name
 */
export async function upload(
    service: CaCertificates,
    name: string,
    certificatePem: string,
): Promise<CaCertificate> {
    const thumbprint = certificateFacts(certificatePem).sha1Thumbprint;
    return retryStale(async () => {
        const present = (await service.get(name)) ?? (await service.put(name, certificatePem));
        if (present.thumbprint !== thumbprint) {
            throw new Error(
                `a certificate named "${name}" already exists, with thumbprint ${present.thumbprint} ` +
                    `instead of ${thumbprint}; delete it, or rename the group`,
            );
        }
        return present;
    });
}

/**
 * The proof of possession (Azure docs: iot-hub-x509-certificate-concepts): requests a code, signs a certificate with CN =
 * code and a validity of one day with the CA's key, reads the ETag again and verifies. A code that was superseded in the
 * meantime is requested again. A certificate that is already verified is left alone.
 *
 * @throws Error before anything is sent, when the key is not the certificate's
 */
export async function prove(
    service: CaCertificates,
    name: string,
    ca: ProvableCa,
): Promise<CaCertificate> {
    if (!isKeyOf(ca.privateKeyPem, ca.certificatePem)) {
        throw new Error(
            `CA "${name}": the key does not belong to the certificate; nothing was sent`,
        );
    }
    for (let attempt = 1; ; attempt++) {
        const present = await required(service, name);
        if (present.isVerified) {
            return present;
        }
        try {
            const { verificationCode } = await service.generateVerificationCode(name, present.etag);
            const proof = await signProof(ca, verificationCode ?? "");
            const fresh = await required(service, name);
            await service.verify(name, proof, fresh.etag);
        } catch (error) {
            const isLost = isStaleEtag(error) || isRefusedProof(error);
            if (!isLost || attempt >= attempts) {
                throw error;
            }
        }
    }
}

/** Requests a new code for a CA whose key is elsewhere. */
export async function requestCode(service: CaCertificates, name: string): Promise<string> {
    return retryStale(async () => {
        const present = await required(service, name);
        const coded = await service.generateVerificationCode(name, present.etag);
        return coded.verificationCode ?? "";
    });
}

/** A proof that was signed elsewhere, and what it must match. */
export interface SignedProof {
    readonly certificatePem: string;
    readonly proofPem: string;
    /** The code that was issued. */
    readonly code: string;
}

/**
 * Submits a proof that was signed elsewhere.
 *
 * @returns false when the service refuses it although it matches: its code was superseded
 * @throws Error before anything is sent, when it does not carry the code, is not valid now, or another key signed it
 */
export async function submitProof(
    service: CaCertificates,
    name: string,
    signed: SignedProof,
): Promise<boolean> {
    const problem = proofProblem(signed);
    if (problem !== undefined) {
        throw new Error(`the proof of possession for CA "${name}" ${problem}`);
    }
    try {
        await retryStale(async () => {
            const fresh = await required(service, name);
            return fresh.isVerified ? fresh : service.verify(name, signed.proofPem, fresh.etag);
        });
    } catch (error) {
        if (isRefusedProof(error)) {
            return false;
        }
        throw error;
    }
    return true;
}

function proofProblem({ certificatePem, proofPem, code }: SignedProof): string | undefined {
    const ca = new X509Certificate(certificatePem);
    const proof = new X509Certificate(proofPem);
    const commonName = /^CN=(.*)$/m.exec(proof.subject)?.[1];
    if (commonName !== code) {
        return `has CN "${commonName}"; the service's current code is ${code}: sign a proof for that code`;
    }
    if (!proof.verify(ca.publicKey)) {
        return "is not signed by that CA's own key";
    }
    if (Date.parse(proof.validTo) < Date.now()) {
        return `expired on ${proof.validTo}; sign a new one for code ${code}`;
    }
    return undefined;
}

async function signProof(ca: ProvableCa, code: string): Promise<string> {
    const isRsa = new X509Certificate(ca.certificatePem).publicKey.asymmetricKeyType === "rsa";
    const keys = await makeKeyPair(isRsa ? "RSA-2048" : "ECDSA-P256");
    return issueLeaf(ca, {
        commonName: code,
        subject: {},
        publicKey: keys.publicKey,
        notAfter: new Date(Date.now() + day),
    });
}

/** Deletes with the newest ETag; succeeds if it is already gone. */
export async function remove(service: CaCertificates, name: string): Promise<void> {
    await retryStale(async () => {
        const present = await service.get(name);
        if (present !== undefined) {
            await service.delete(name, present.etag);
        }
    });
}

async function required(service: CaCertificates, name: string): Promise<CaCertificate> {
    const present = await service.get(name);
    if (present === undefined) {
        throw new Error(
            `the CA certificate "${name}" was deleted while its possession was being proven`,
        );
    }
    return present;
}
