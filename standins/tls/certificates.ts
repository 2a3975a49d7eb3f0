import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { createHash, randomBytes, webcrypto, X509Certificate } from "crypto";
import { Created } from "../frame/provider";
import { Values } from "../frame/values";
import { KeyPair, readKey } from "./keys";
import { encodedAnew, nameOf } from "./names";
import { extendedKeyUsages, keyUsages } from "./usages";

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

const hour = 3600 * 1000;

/** The tls package's `CertRequest`: PKCS#10 (RFC 2986) without extensions. */
export async function makeRequest(planned: Values): Promise<Created> {
    const pair = readKey("privateKeyPem", planned["privateKeyPem"]);
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
        name: nameOf(planned["subject"] as Values | undefined),
        keys: await imported(pair),
        signingAlgorithm: signingAlgorithm(pair),
    });
    return {
        id: createHash("sha1").update(Buffer.from(request.rawData)).digest("hex"),
        outputs: {
            certRequestPem: `${request.toString("pem")}\n`,
            keyAlgorithm: pair.algorithm,
        },
    };
}

/** The tls package's `SelfSignedCert`. */
export async function makeSelfSigned(planned: Values): Promise<Created> {
    const pair = readKey("privateKeyPem", planned["privateKeyPem"]);
    const subject = nameOf(planned["subject"] as Values | undefined);
    const publicKey = new x509.PublicKey(pair.publicKey.export({ type: "spki", format: "der" }));
    const setAuthorityKeyId = planned["setAuthorityKeyId"] === true;
    if (setAuthorityKeyId && !hasKeyId(planned)) {
        throw new Error(
            "Could not determine Authority Key Identifier: 'setAuthorityKeyId' needs 'setSubjectKeyId'",
        );
    }
    const { id, outputs } = await certificate(planned, {
        subject,
        issuer: subject,
        publicKey,
        signer: pair,
        authorityKeyId: setAuthorityKeyId ? await keyId(publicKey) : undefined,
    });
    return { id, outputs: { ...outputs, keyAlgorithm: pair.algorithm } };
}

/**
 * The tls package's `LocallySignedCert`. The issuer's name is copied byte for byte and the subject re-encoded, as in
 * Go's `x509.CreateCertificate`. A request with an invalid signature, or one that asks for extensions, is refused.
 */
export async function makeLocallySigned(
    planned: Values,
    warn: (message: string) => void,
): Promise<Created> {
    const signer = readKey("caPrivateKeyPem", planned["caPrivateKeyPem"]);
    const ca = read("caCertPem", () => new X509Certificate(String(planned["caCertPem"])));
    const request = read(
        "certRequestPem",
        () => new x509.Pkcs10CertificateRequest(String(planned["certRequestPem"])),
    );
    if (!ca.checkPrivateKey(signer.privateKey)) {
        throw new Error("'caPrivateKeyPem' is not the key of the certificate in 'caCertPem'");
    }
    if (!(await request.verify())) {
        throw new Error("the signature of the request in 'certRequestPem' does not verify");
    }
    if (request.extensions.length > 0) {
        throw new Error(
            "the request in 'certRequestPem' asks for extensions, which the tls stand-in does not know",
        );
    }
    if (!ca.ca) {
        warn(
            "The certificate in 'caCertPem' is not that of a certificate authority (CA:TRUE). " +
                "Certificates that it signs may be refused.",
        );
    }
    const parent = new x509.X509Certificate(ca.raw);
    const subject = encodedAnew(request.subjectName);
    const selfIssued = sameBytes(subject.toArrayBuffer(), parent.subjectName.toArrayBuffer());
    const parentKeyId = parent.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
    const { id, outputs } = await certificate(planned, {
        subject,
        issuer: parent.subjectName,
        publicKey: request.publicKey,
        signer,
        authorityKeyId: selfIssued ? undefined : parentKeyId,
    });
    return { id, outputs: { ...outputs, caKeyAlgorithm: signer.algorithm } };
}

interface Parties {
    readonly subject: x509.Name;
    readonly issuer: x509.Name;
    readonly publicKey: x509.PublicKey;
    readonly signer: KeyPair;
    /** Hexadecimal. */
    readonly authorityKeyId: string | undefined;
}

async function certificate(planned: Values, parties: Parties): Promise<Created> {
    const { subject, issuer, publicKey, signer, authorityKeyId } = parties;
    if (planned["isCaCertificate"] === true && subject.toJSON().length === 0) {
        throw new Error("a certificate authority needs a 'subject' with at least one member");
    }
    const ownKeyId = hasKeyId(planned) ? await keyId(publicKey) : undefined;
    const extensions = [
        ...usageExtensions(planned["allowedUses"] as string[]),
        basicConstraints(planned),
        ...(ownKeyId === undefined ? [] : [new x509.SubjectKeyIdentifierExtension(ownKeyId)]),
        ...(authorityKeyId === undefined
            ? []
            : [new x509.AuthorityKeyIdentifierExtension(authorityKeyId)]),
    ];
    const serial = BigInt(`0x${randomBytes(16).toString("hex")}`);
    const notBefore = new Date();
    const notAfter = new Date(notBefore.getTime() + Number(planned["validityPeriodHours"]) * hour);
    const made = await x509.X509CertificateGenerator.create({
        serialNumber: evenHex(serial),
        subject,
        issuer,
        notBefore,
        notAfter,
        publicKey,
        signingKey: (await imported(signer)).privateKey,
        signingAlgorithm: signingAlgorithm(signer),
        extensions,
    });
    return {
        id: serial.toString(),
        outputs: {
            certPem: `${made.toString("pem")}\n`,
            validityStartTime: timestamp(notBefore),
            validityEndTime: timestamp(notAfter),
        },
    };
}

/** In the order of Go's `x509.CreateCertificate`: key usage (critical), then extended key usage. */
function usageExtensions(allowedUses: readonly string[]): x509.Extension[] {
    const bits = allowedUses.filter((use) => use in keyUsages).map((use) => keyUsages[use]);
    const purposes = allowedUses
        .filter((use) => use in extendedKeyUsages)
        .map((use) => extendedKeyUsages[use]);
    const flags = bits.reduce((all, bit) => all | (1 << bit), 0);
    return [
        ...(bits.length === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
        ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(purposes)]),
    ];
}

/** A path length of 0 is omitted: the official provider does not distinguish it from none. */
function basicConstraints(planned: Values): x509.Extension {
    const isCa = planned["isCaCertificate"] === true;
    const pathLength = Number(planned["maxPathLength"] ?? 0);
    if (!isCa && pathLength !== 0) {
        throw new Error("'maxPathLength' is for certificate authorities: set 'isCaCertificate'");
    }
    return new x509.BasicConstraintsExtension(isCa, pathLength || undefined, true);
}

const hasKeyId = (planned: Values): boolean =>
    planned["isCaCertificate"] === true || planned["setSubjectKeyId"] === true;

/** SHA-1 of the public key's bits, in hexadecimal (RFC 5280, section 4.2.1.2, method 1). */
async function keyId(publicKey: x509.PublicKey): Promise<string> {
    return Buffer.from(await publicKey.getKeyIdentifier()).toString("hex");
}

/** Web Crypto's curve and hash by OpenSSL's curve name. */
const curves: Readonly<Record<string, readonly [string, string]>> = {
    prime256v1: ["P-256", "SHA-256"],
    secp384r1: ["P-384", "SHA-384"],
    secp521r1: ["P-521", "SHA-512"],
};

type SigningAlgorithm = RsaHashedImportParams | (EcdsaParams & EcKeyImportParams);

/** SHA-256; SHA-384 with P-384 and SHA-512 with P-521, as chosen by Go's `crypto/x509`. */
function signingAlgorithm({ algorithm, privateKey }: KeyPair): SigningAlgorithm {
    if (algorithm === "RSA") {
        return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    }
    const [namedCurve, hash] = curves[String(privateKey.asymmetricKeyDetails?.namedCurve)] ?? [];
    if (namedCurve === undefined) {
        throw new Error(
            "a key on this curve cannot sign in the tls stand-in: use P256, P384 or P521",
        );
    }
    return { name: "ECDSA", namedCurve, hash };
}

async function imported(pair: KeyPair): Promise<CryptoKeyPair> {
    const algorithm = signingAlgorithm(pair);
    const pkcs8 = pair.privateKey.export({ type: "pkcs8", format: "der" });
    const spki = pair.publicKey.export({ type: "spki", format: "der" });
    const { subtle } = webcrypto;
    return {
        privateKey: await subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]),
        publicKey: await subtle.importKey("spki", spki, algorithm, true, ["verify"]),
    } as CryptoKeyPair;
}

/** Parses an input. @throws Error that names the property, never its value */
function read<T>(property: string, parse: () => T): T {
    try {
        return parse();
    } catch {
        throw new Error(`'${property}' cannot be read as PEM`);
    }
}

function sameBytes(one: ArrayBuffer, other: ArrayBuffer): boolean {
    return Buffer.from(one).equals(Buffer.from(other));
}

function evenHex(number: bigint): string {
    const digits = number.toString(16);
    return digits.padStart(digits.length + (digits.length % 2), "0");
}

/** RFC 3339 as formatted by Go: without trailing zeros in the fraction. */
function timestamp(time: Date): string {
    return time.toISOString().replace(/\.?0*Z$/, "Z");
}
