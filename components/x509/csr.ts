import "reflect-metadata";
import { constants, createPublicKey, KeyObject, verify } from "crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { publicKeyId } from "./certificates";
import { Finding, firstElement, Inspection, singlePemBlock, toPem } from "./pem";
import {
    keyFinding,
    keyName,
    primeFinding,
    publicKeyOf,
    signatureName,
    strongKeyRule,
} from "./publicKey";
import { subjectWord } from "../text/shellWords";

/** What a certificate signing request (PKCS#10, RFC 2986) proves: a name, and possession of a key. */
export interface CsrFacts {
    /** The request as OpenSSL writes it, whatever the form of the file: one request, one text. */
    readonly pem: string;
    readonly commonName: string;
    /** The key in words, e.g. `RSA-2048`. */
    readonly keyName: string;
    readonly key: KeyObject;
    /** SubjectPublicKeyInfo, DER; a curve's point is uncompressed. */
    readonly publicKey: Buffer;
    /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
    readonly publicKeyId: string;
}

/** Hash functions that may sign a request, as Node names them. SHA-1 and MD5 are not collision resistant. */
const strongHashes: Record<string, string> = {
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
};

/**
 * Checks a device's request: one PKCS#10 structure, a common name that is the device ID, a strong key, and a signature by
 * that key with SHA-256 or stronger. The rest of the subject and any requested extensions are ignored, because the
 * certificate takes them from the group's policy.
 *
 * @param content the request's file, or PEM
 * @param deviceId what the common name must be
 */
export function inspectCsr(content: Buffer | string, deviceId: string): Inspection<CsrFacts> {
    const { parsed, findings: unreadable } = parse(content);
    if (parsed === undefined) {
        return { facts: undefined, findings: unreadable };
    }
    const names = parsed.request.subjectName.getField("CN");
    const findings = [...nameFindings(names, deviceId), ...proofFindings(parsed, deviceId)];
    if (findings.length > 0) {
        return { facts: undefined, findings };
    }
    const { der, key } = parsed;
    const publicKey = publicKeyOf(key);
    return {
        facts: {
            pem: toPem(der, "CERTIFICATE REQUEST"),
            commonName: names[0],
            keyName: keyName(key),
            key,
            publicKey,
            publicKeyId: publicKeyId(publicKey),
        },
        findings: [],
    };
}

/**
 * The public key that a request asks a certificate for: SubjectPublicKeyInfo, DER.
 *
 * @param isToBeSigned whether it is for a certificate, which justifies the time that a primality test takes
 * @throws Error when the request is unreadable, its key weak or its signature wrong
 */
export function requestedKey(csrPem: string, isToBeSigned = false): Buffer {
    const { parsed, findings: unreadable } = parse(csrPem);
    const findings = parsed ? [...proofFindings(parsed, "DEVICE-ID")] : [...unreadable];
    const prime =
        parsed && isToBeSigned ? primeFinding(parsed.key, newRequest("DEVICE-ID")) : undefined;
    findings.push(...(prime ? [prime] : []));
    if (parsed === undefined || findings.length > 0) {
        const said = findings.map(({ value, rule, remedy }) => `${value}: ${rule}; ${remedy}`);
        throw new Error(`Invalid certificate signing request: ${said.join(". ")}`);
    }
    return publicKeyOf(parsed.key);
}

/** A request's text as OpenSSL writes it; any other text unchanged. */
export function canonicalRequest(csrPem: string): string {
    const { facts } = singlePemBlock(csrPem, "CERTIFICATE REQUEST");
    return facts ? toPem(facts, "CERTIFICATE REQUEST") : csrPem;
}

interface ParsedRequest {
    readonly der: Buffer;
    readonly request: Pkcs10CertificateRequest;
    /** SubjectPublicKeyInfo exactly as in the request. */
    readonly spki: Buffer;
    readonly key: KeyObject;
}

function parse(content: Buffer | string): {
    readonly parsed: ParsedRequest | undefined;
    readonly findings: readonly Finding[];
} {
    const { facts: der, findings } = singlePemBlock(content, "CERTIFICATE REQUEST");
    if (der === undefined) {
        return { parsed: undefined, findings };
    }
    let request: Pkcs10CertificateRequest;
    try {
        request = new Pkcs10CertificateRequest(new Uint8Array(der));
    } catch {
        return { parsed: undefined, findings: [unreadable] };
    }
    const spki = Buffer.from(request.publicKey.rawData);
    try {
        const key = createPublicKey({ key: spki, format: "der", type: "spki" });
        return { parsed: { der, request, spki, key }, findings: [] };
    } catch {
        return { parsed: undefined, findings: [unknownKey] };
    }
}

/** How to make a request with another key on a device. */
export function newRequest(deviceId: string): string {
    return `generate a new key and request on the device: openssl req -new -newkey rsa:2048 -keyout DEVICE.key -subj ${subjectWord([["CN", deviceId]])} -out FILE`;
}

const unreadable: Finding = {
    value: "a block that is not a PKCS#10 structure",
    rule: "must be a certificate signing request (PKCS#10)",
    remedy: "create it again with: openssl req -new -key DEVICE.key -subj /CN=DEVICE-ID -out FILE",
};

const unknownKey: Finding = {
    value: "a key that OpenSSL does not support or that is not a point on its curve",
    rule: strongKeyRule,
    remedy: newRequest("DEVICE-ID"),
};

function nameFindings(names: readonly string[], deviceId: string): Finding[] {
    if (names.length === 1 && names[0] === deviceId) {
        return [];
    }
    const remake = `openssl req -new -key DEVICE.key -subj ${subjectWord([["CN", deviceId]])} -out FILE`;
    if (names.length !== 1) {
        return [
            {
                value: names.length === 0 ? "no common name" : `${names.length} common names`,
                rule: "the subject must have exactly one common name",
                remedy: `create the request again with: ${remake}`,
            },
        ];
    }
    return [
        {
            value: `CN=${names[0]}`,
            rule: `the common name must be the device ID "${deviceId}", because the hub compares the two`,
            remedy: `correct the ID or the file's name, or create the request again with: ${remake}`,
        },
    ];
}

/** What prevents a request from proving that the device holds a key fit for its certificate. A weak key proves nothing. */
function proofFindings({ der, request, spki, key }: ParsedRequest, deviceId: string): Finding[] {
    const finding = keyFinding(
        spki,
        key,
        newRequest(deviceId),
        `rewrite the key with its curve's name, openssl ec -in DEVICE.key -param_enc named_curve -out NAMED.key, and create the request again: openssl req -new -key NAMED.key -subj ${subjectWord([["CN", deviceId]])} -out FILE`,
    );
    return finding ? [finding] : signatureFindings(request, der, key, deviceId);
}

function signatureFindings(
    request: Pkcs10CertificateRequest,
    der: Buffer,
    key: KeyObject,
    deviceId: string,
): Finding[] {
    const { name, hash } = request.signatureAlgorithm as { name: string; hash?: { name: string } };
    const isPss = name === "RSA-PSS";
    const signs = isPss || name === "RSASSA-PKCS1-v1_5" || name === "ECDSA";
    const digest = signs && hash ? strongHashes[hash.name] : undefined;
    const again = `create the request again with: openssl req -new -sha256 ${isPss ? "-sigopt rsa_padding_mode:pkcs1 " : ""}-key DEVICE.key -subj ${subjectWord([["CN", deviceId]])} -out FILE`;
    if (digest === undefined) {
        return [
            {
                value: `signed with ${signatureName(request.signatureAlgorithm)}`,
                rule: "must be signed with SHA-256, SHA-384 or SHA-512 (RSA or ECDSA)",
                remedy: again,
            },
        ];
    }
    if (verifies(digest, der, key, isPss, request.signature)) {
        return [];
    }
    return [
        isPss
            ? {
                  value: "an RSA-PSS signature that does not verify with MGF1 of the same hash",
                  rule: "must be signed with its own key, which proves that the device has the key",
                  remedy: again,
              }
            : {
                  value: "a signature that does not verify",
                  rule: "must be signed with its own key, which proves that the device has the key",
                  remedy: "create the request again on the device; this one was changed or signed with another key",
              },
    ];
}

function verifies(
    digest: string,
    der: Buffer,
    key: KeyObject,
    isPss: boolean,
    signature: ArrayBuffer,
): boolean {
    const padding = isPss
        ? {
              padding: constants.RSA_PKCS1_PSS_PADDING,
              saltLength: constants.RSA_PSS_SALTLEN_AUTO,
          }
        : {};
    try {
        return verify(digest, firstElement(der), { key, ...padding }, Buffer.from(signature));
    } catch {
        return false;
    }
}
