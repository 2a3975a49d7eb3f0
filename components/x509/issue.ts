import "reflect-metadata";
import {
    createPrivateKey,
    createPublicKey,
    generateKeyPair,
    KeyObject,
    randomBytes,
    webcrypto,
} from "crypto";
import { promisify } from "util";
import * as pLimit from "p-limit";
import * as x509 from "@peculiar/x509";
import { PromiseCache } from "../async/promiseCache";

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

const generateKeys = promisify(generateKeyPair);
/** The pool's queue is first come, first served: hundreds of keys in it would delay every signature and DNS lookup. */
const onPool = pLimit(Math.max(1, Number(process.env.UV_THREADPOOL_SIZE ?? 4) - 1));
const day = 24 * 3600 * 1000;
/** How far back a certificate starts, for devices whose clock runs behind. */
const backdate = 5 * 60 * 1000;

/** Key algorithms as the configuration names them. */
export const keyAlgorithms = [
    "RSA-2048",
    "RSA-3072",
    "RSA-4096",
    "ECDSA-P256",
    "ECDSA-P384",
] as const;

export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** A CA that signs: its certificate and its key, both PEM. */
export interface IssuingCa {
    readonly certificatePem: string;
    readonly privateKeyPem: string;
}

/** Attributes of a subject beside the common name. */
export interface SubjectPolicy {
    readonly organization?: string;
    readonly country?: string;
}

export interface LeafRequest {
    readonly commonName: string;
    readonly subject: SubjectPolicy;
    /** SubjectPublicKeyInfo, DER. */
    readonly publicKey: Buffer;
    /** The requested end of validity; it is cut to the issuer's own end. */
    readonly notAfter: Date;
    /** DNS name of a server: the leaf is then for serverAuth, with this subject alternative name, and not for clientAuth. */
    readonly serverName?: string;
}

/** Generates a key pair on a thread of libuv's pool, leaving one thread to others. The private key is PKCS#8 PEM. */
export async function makeKeyPair(
    algorithm: KeyAlgorithm,
): Promise<{ readonly privateKeyPem: string; readonly publicKey: Buffer }> {
    const keys = await onPool(() => makeKeys(algorithm));
    return {
        privateKeyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        publicKey: keys.publicKey.export({ type: "spki", format: "der" }),
    };
}

function makeKeys(
    algorithm: KeyAlgorithm,
): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
    switch (algorithm) {
        case "RSA-2048":
        case "RSA-3072":
        case "RSA-4096":
            return generateKeys("rsa", { modulusLength: Number(algorithm.slice(4)) });
        case "ECDSA-P256":
        case "ECDSA-P384":
            return generateKeys("ec", { namedCurve: `P-${algorithm.slice(7)}` });
    }
}

/** When a certificate of `days` days that starts now would expire under this issuer: nothing outlives its issuer. */
export function leafNotAfter(issuerCertificatePem: string, days: number, now = Date.now()): Date {
    const issuerEnd = new x509.X509Certificate(issuerCertificatePem).notAfter.getTime();
    return new Date(Math.min(now + days * day, issuerEnd));
}

/**
 * Signs a client-authentication leaf (RFC 5280): CA:FALSE, key usage by key type, extended key usage clientAuth, subject
 * and authority key identifiers, a serial number of 127 random bits, SHA-256 (SHA-384 with a P-384 issuer). Subject and
 * extensions follow this policy alone, whatever a signing request asked for.
 *
 * @returns PEM, ending in a line feed
 * @throws Error when the key does not belong to the issuer's certificate, or the issuer has expired
 */
export async function issueLeaf(issuer: IssuingCa, request: LeafRequest): Promise<string> {
    const issuerCertificate = new x509.X509Certificate(issuer.certificatePem);
    const { subject, notAfter } = issuerCertificate;
    if (notAfter.getTime() <= Date.now()) {
        throw new Error(
            `the CA "${subject}" expired on ${notAfter.toISOString().slice(0, 10)} and can no longer sign: ` +
                "raise intermediate.generation of its group",
        );
    }
    const signing = await signingKey(issuer);
    const publicKey = new x509.PublicKey(new Uint8Array(request.publicKey));
    const isRsa = publicKey.algorithm.name.startsWith("RSA");
    const usage = isRsa
        ? x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment
        : x509.KeyUsageFlags.digitalSignature;
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: subjectName(request.commonName, request.subject),
        issuer: issuerCertificate.subjectName,
        notBefore: new Date(Math.max(Date.now() - backdate, issuerCertificate.notBefore.getTime())),
        notAfter: request.notAfter,
        publicKey,
        signingKey: signing.key,
        signingAlgorithm: signing.algorithm,
        extensions: [
            new x509.BasicConstraintsExtension(false, undefined, true),
            new x509.KeyUsagesExtension(usage, true),
            ...purpose(request.serverName),
            await x509.SubjectKeyIdentifierExtension.create(publicKey),
            authorityKeyIdentifier(issuerCertificate) ??
                (await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate.publicKey)),
        ],
    });
    return certificate.toString("pem") + "\n";
}

function purpose(serverName: string | undefined): x509.Extension[] {
    const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
    return serverName === undefined
        ? [new x509.ExtendedKeyUsageExtension([clientAuth])]
        : [
              new x509.ExtendedKeyUsageExtension([serverAuth]),
              new x509.SubjectAlternativeNameExtension([{ type: "dns", value: serverName }]),
          ];
}

/** The issuer's own key identifier, which need not be the SHA-1 of its key (RFC 5280, 4.2.1.1). */
function authorityKeyIdentifier(issuer: x509.X509Certificate): x509.Extension | undefined {
    const own = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
    return own === null ? undefined : new x509.AuthorityKeyIdentifierExtension(own.keyId);
}

/** The subject of a device's certificate. */
export function subjectName(commonName: string, policy: SubjectPolicy): x509.Name {
    const { country, organization } = policy;
    return new x509.Name([
        ...(country === undefined ? [] : [{ C: [{ printableString: country }] }]),
        ...(organization === undefined ? [] : [{ O: [{ utf8String: organization }] }]),
        { CN: [{ utf8String: commonName }] },
    ]);
}

interface SigningKey {
    readonly key: CryptoKey;
    readonly algorithm: EcdsaParams | Algorithm;
}

const signingKeys = new PromiseCache<SigningKey>();

/** Importing a key takes longer than signing with it, and one issuer signs for a whole group. */
function signingKey(issuer: IssuingCa): Promise<SigningKey> {
    return signingKeys.get(issuer.certificatePem, () => importSigningKey(issuer));
}

async function importSigningKey(issuer: IssuingCa): Promise<SigningKey> {
    if (!isKeyOf(issuer.privateKeyPem, issuer.certificatePem)) {
        const { subject } = new x509.X509Certificate(issuer.certificatePem);
        throw new Error(`the signing key is not the key of the CA certificate "${subject}"`);
    }
    const key = createPrivateKey(issuer.privateKeyPem);
    const curve = key.asymmetricKeyDetails?.namedCurve;
    const namedCurve = curve === "secp384r1" ? "P-384" : "P-256";
    const hash = curve === "secp384r1" ? "SHA-384" : "SHA-256";
    const algorithm =
        key.asymmetricKeyType === "rsa"
            ? { name: "RSASSA-PKCS1-v1_5", hash }
            : { name: "ECDSA", namedCurve, hash };
    const imported = await webcrypto.subtle.importKey(
        "pkcs8",
        key.export({ type: "pkcs8", format: "der" }),
        algorithm,
        false,
        ["sign"],
    );
    return { key: imported as CryptoKey, algorithm };
}

/** Whether a private key (PEM) belongs to a certificate (PEM). */
export function isKeyOf(privateKeyPem: string, certificatePem: string): boolean {
    const certificate = new x509.X509Certificate(certificatePem);
    return publicKeyOf(privateKeyPem).equals(Buffer.from(certificate.publicKey.rawData));
}

/** The SubjectPublicKeyInfo (DER) of a private key (PEM). */
export function publicKeyOf(privateKeyPem: string): Buffer {
    return createPublicKey(privateKeyPem).export({ type: "spki", format: "der" });
}

function serialNumber(): string {
    const bytes = randomBytes(16);
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    return bytes.toString("hex");
}

/** How a state names a key that the program generated: the key stays as long as the name does. */
export function generatedKey(
    algorithm: KeyAlgorithm | undefined,
    generation: number | undefined,
): string {
    return `${algorithm}/${generation}`;
}
