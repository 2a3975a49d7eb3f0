import "reflect-metadata";
import { createPublicKey } from "crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { inspectCsr } from "../components/x509/csr";
import { keyFinding, primeFinding } from "../components/x509/publicKey";
import { Refusal } from "./refusal";

/** The key that a certificate is asked for. */
export interface RequestedKey {
    /** SubjectPublicKeyInfo, DER. */
    readonly publicKey: Buffer;
    /** SHA-256 of it, lower-case hex. */
    readonly publicKeyId: string;
    /** In words, e.g. `RSA-2048`. */
    readonly keyName: string;
}

/**
 * Judges a PKCS#10 request (DER): its common name, key and signature. Everything else in it is ignored: subject, validity
 * and extensions are the group's.
 *
 * @throws Refusal
 */
export function readRequest(der: Buffer, deviceId: string): RequestedKey {
    let request: Pkcs10CertificateRequest;
    try {
        request = new Pkcs10CertificateRequest(new Uint8Array(der));
    } catch {
        throw new Refusal("badRequest", "the body is not a PKCS#10 request");
    }
    const names = request.subjectName.getField("CN");
    if (names.length !== 1 || names[0] !== deviceId) {
        throw new Refusal(
            "otherName",
            `the request's common name is ${JSON.stringify(names.join(", ").slice(0, 64))}, the client is ${deviceId}`,
        );
    }
    checkKey(Buffer.from(request.publicKey.rawData));
    const { facts, findings } = inspectCsr(der, deviceId);
    if (facts === undefined) {
        const { value, rule } = findings[0];
        throw new Refusal("badSignature", `${value}: ${rule}`);
    }
    return facts;
}

function checkKey(spki: Buffer): void {
    let finding: ReturnType<typeof keyFinding>;
    try {
        const key = createPublicKey({ key: spki, format: "der", type: "spki" });
        finding = keyFinding(spki, key, "", "") ?? primeFinding(key, "");
    } catch {
        throw new Refusal("weakKey", "a key that OpenSSL does not support");
    }
    if (finding !== undefined) {
        throw new Refusal("weakKey", `${finding.value}: ${finding.rule}`);
    }
}
