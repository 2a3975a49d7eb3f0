import "reflect-metadata";
import { createHash, createPublicKey, KeyObject, verify } from "crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { Finding, Inspection, singlePemBlock } from "./pem";
import { isStrongKey, keyName, strongKeyRule } from "./publicKey";

/** What a certificate signing request (PKCS#10, RFC 2986) proves: a name, and possession of a key. */
export interface CsrFacts {
    readonly commonName: string;
    /** The key in words, e.g. `RSA-2048`. */
    readonly keyName: string;
    /** SubjectPublicKeyInfo, DER. */
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
 * Checks a device's request: one PEM block, a common name that is the device ID, a strong key, and a signature by
 * that key with SHA-256 or stronger. The rest of the subject and any requested extension are not looked at, because
 * the certificate takes them from the group's policy.
 *
 * @param content the request, PEM
 * @param deviceId what the common name must be
 */
export function inspectCsr(content: Buffer | string, deviceId: string): Inspection<CsrFacts> {
    const block = singlePemBlock(content, "CERTIFICATE REQUEST");
    if (block.facts === undefined) {
        return { facts: undefined, findings: block.findings };
    }
    const parsed = parse(block.facts);
    if (parsed === undefined) {
        return { facts: undefined, findings: [unreadable] };
    }
    const { request, key } = parsed;
    const names = request.subjectName.getField("CN");
    const findings = [
        ...nameFindings(names, deviceId),
        ...keyFindings(key, deviceId),
        ...signatureFindings(request, block.facts, key),
    ];
    if (findings.length > 0) {
        return { facts: undefined, findings };
    }
    const publicKey = key.export({ type: "spki", format: "der" });
    return {
        facts: {
            commonName: names[0],
            keyName: keyName(key),
            publicKey,
            publicKeyId: createHash("sha256").update(publicKey).digest("hex"),
        },
        findings: [],
    };
}

/**
 * The public key that a request asks a certificate for: SubjectPublicKeyInfo, DER.
 *
 * @throws Error when the request is unreadable, its key weak or its signature wrong
 */
export function requestedKey(csrPem: string): Buffer {
    const block = singlePemBlock(csrPem, "CERTIFICATE REQUEST");
    const parsed = block.facts && parse(block.facts);
    const findings =
        block.facts && parsed
            ? [
                  ...keyFindings(parsed.key, "DEVICE-ID"),
                  ...signatureFindings(parsed.request, block.facts, parsed.key),
              ]
            : [...block.findings, unreadable].slice(0, 1);
    if (parsed === undefined || findings.length > 0) {
        const said = findings.map(({ value, rule, remedy }) => `${value}: ${rule}; ${remedy}`);
        throw new Error(`The certificate signing request cannot be used: ${said.join(". ")}`);
    }
    return parsed.key.export({ type: "spki", format: "der" });
}

const unreadable: Finding = {
    value: "a block that is no PKCS#10 structure",
    rule: "is a certificate signing request (PKCS#10)",
    remedy: "make it again with: openssl req -new -key DEVICE.key -subj /CN=DEVICE-ID -out FILE",
};

function parse(
    der: Buffer,
): { readonly request: Pkcs10CertificateRequest; readonly key: KeyObject } | undefined {
    try {
        const request = new Pkcs10CertificateRequest(new Uint8Array(der));
        const spki = Buffer.from(request.publicKey.rawData);
        return { request, key: createPublicKey({ key: spki, format: "der", type: "spki" }) };
    } catch {
        return undefined;
    }
}

function nameFindings(names: readonly string[], deviceId: string): Finding[] {
    if (names.length === 1 && names[0] === deviceId) {
        return [];
    }
    const remake = `openssl req -new -key DEVICE.key -subj "/CN=${deviceId}" -out FILE`;
    if (names.length !== 1) {
        return [
            {
                value: names.length === 0 ? "no common name" : `${names.length} common names`,
                rule: "the subject has exactly one common name",
                remedy: `make the request again with: ${remake}`,
            },
        ];
    }
    return [
        {
            value: `CN=${names[0]}`,
            rule: `the common name is the device ID "${deviceId}", because the hub compares the two`,
            remedy: `correct the ID or the file's name, or make the request again with: ${remake}`,
        },
    ];
}

function keyFindings(key: KeyObject, deviceId: string): Finding[] {
    return isStrongKey(key)
        ? []
        : [
              {
                  value: `an ${keyName(key)} key`,
                  rule: strongKeyRule,
                  remedy: `make a new key and request on the device: openssl req -new -newkey rsa:2048 -keyout DEVICE.key -subj "/CN=${deviceId}" -out FILE`,
              },
          ];
}

function signatureFindings(
    request: Pkcs10CertificateRequest,
    der: Buffer,
    key: KeyObject,
): Finding[] {
    const { name, hash } = request.signatureAlgorithm as { name: string; hash?: { name: string } };
    const signs = name === "RSASSA-PKCS1-v1_5" || name === "ECDSA";
    const digest = signs && hash ? strongHashes[hash.name] : undefined;
    if (digest === undefined) {
        return [
            {
                value: `signed with ${describe(name, hash?.name)}`,
                rule: "is signed with SHA-256, SHA-384 or SHA-512 (RSA PKCS#1 v1.5 or ECDSA)",
                remedy: "make the request again with: openssl req -new -sha256 -key DEVICE.key …",
            },
        ];
    }
    return verifies(digest, der, key, request.signature)
        ? []
        : [
              {
                  value: "a signature that does not verify",
                  rule: "is signed with the key that it names, which proves that the device holds it",
                  remedy: "make the request again on the device; this one was changed or signed with another key",
              },
          ];
}

function describe(name: string, hash: string | undefined): string {
    const names: Record<string, string> = {
        "1.2.840.113549.1.1.4": "MD5 and RSA",
        "RSASSA-PKCS1-v1_5": "RSA",
    };
    const algorithm = names[name] ?? name;
    return hash === undefined ? algorithm : `${hash} and ${algorithm}`;
}

function verifies(digest: string, der: Buffer, key: KeyObject, signature: ArrayBuffer): boolean {
    try {
        return verify(digest, firstElement(der), key, Buffer.from(signature));
    } catch {
        return false;
    }
}

/**
 * The first element of a SEQUENCE, header included: of a CertificationRequest that is the CertificationRequestInfo,
 * exactly as it was signed. The structure was parsed before.
 */
function firstElement(der: Buffer): Buffer {
    const start = contentStart(der, 0);
    const content = contentStart(der, start);
    const lengthByte = der[start + 1];
    const length = lengthByte < 0x80 ? lengthByte : der.readUIntBE(start + 2, lengthByte & 0x7f);
    return der.subarray(start, content + length);
}

/** Where the content of the element at `offset` begins: after the tag and a short or long length (X.690, 8.1.3). */
function contentStart(der: Buffer, offset: number): number {
    const lengthByte = der[offset + 1];
    return offset + 2 + (lengthByte < 0x80 ? 0 : lengthByte & 0x7f);
}
