import "reflect-metadata";
import { createPrivateKey, randomBytes, sign, webcrypto, X509Certificate } from "crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

const day = 24 * 3600 * 1000;
const ec = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export type KeyType = "ec" | "rsa1024" | "rsa2048" | "rsa4096";

export interface CertificateOptions {
    /** Common name; left out of the subject when empty. */
    readonly commonName: string;
    /** More of the subject, e.g. `O=MyOrg, C=US`. */
    readonly organisation?: string;
    /** Default: yesterday. */
    readonly notBefore?: Date;
    /** Default: in 30 days. */
    readonly notAfter?: Date;
    /** Default `ec`: P-256, the quickest to make. */
    readonly keyType?: KeyType;
    /** A key pair to use instead of a new one. */
    readonly keys?: CryptoKeyPair;
    /** basicConstraints CA:TRUE. Default: true for makeCa, false for issue. */
    readonly ca?: boolean;
    /** subjectKeyIdentifier in hex. Default: SHA-1 of the key, as RFC 5280 4.2.1.2 proposes. */
    readonly keyIdentifier?: string;
    readonly pathLength?: number;
    /** Default: keyCertSign + cRLSign for a CA, digitalSignature otherwise; null leaves the extension out. */
    readonly keyUsage?: readonly (keyof typeof x509.KeyUsageFlags)[] | null;
    /** Default: clientAuth for a leaf, none for a CA; null leaves the extension out. */
    readonly extendedKeyUsage?: readonly ("clientAuth" | "serverAuth")[] | null;
    /** An X.509 version 1 certificate: no extensions at all, as `openssl x509 -req` of OpenSSL 3.0 makes it. */
    readonly version1?: boolean;
}

/** A certificate with its key. */
export interface Issued {
    /** PEM. */
    readonly certificate: string;
    /** PEM, PKCS#8. */
    readonly key: string;
    readonly keys: CryptoKeyPair;
    readonly x509: X509Certificate;
    /** SHA-1 of the certificate, upper-case hex without separators. */
    readonly thumbprint: string;
    /** SHA-256, likewise. */
    readonly thumbprint256: string;
}

/** Makes a self-signed CA. */
export function makeCa(options: CertificateOptions): Promise<Issued> {
    return make(undefined, { ca: true, ...options });
}

/** Makes a certificate that `issuer` signs: a leaf unless `ca` is set. */
export function issue(issuer: Issued, options: CertificateOptions): Promise<Issued> {
    return make(issuer, options);
}

/** Makes a self-signed certificate that is no CA, as thumbprint authentication uses it. */
export function selfSigned(options: CertificateOptions): Promise<Issued> {
    return make(undefined, options);
}

/** PEM of several certificates, in the order given. */
export function chain(...certificates: readonly Issued[]): string {
    return certificates.map((one) => one.certificate).join("");
}

export async function makeKeys(type: KeyType = "ec"): Promise<CryptoKeyPair> {
    const algorithm = type === "ec" ? ec : rsa(Number(type.slice(3)));
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    return keys as CryptoKeyPair;
}

function rsa(modulusLength: number) {
    return {
        name: "RSASSA-PKCS1-v1_5",
        hash: "SHA-256",
        modulusLength,
        publicExponent: new Uint8Array([1, 0, 1]),
    };
}

async function make(issuer: Issued | undefined, options: CertificateOptions): Promise<Issued> {
    const keys = options.keys ?? (await makeKeys(options.keyType));
    const signer = issuer?.keys ?? keys;
    const subject = [
        ...(options.commonName === "" ? [] : [`CN=${options.commonName.replace(/[,+]/g, "\\$&")}`]),
        ...(options.organisation === undefined ? [] : [options.organisation]),
    ].join(", ");
    const made = await x509.X509CertificateGenerator.create({
        serialNumber: "40" + randomBytes(15).toString("hex"),
        subject,
        issuer:
            issuer === undefined ? subject : new x509.X509Certificate(issuer.certificate).subject,
        notBefore: options.notBefore ?? new Date(Date.now() - day),
        notAfter: options.notAfter ?? new Date(Date.now() + 30 * day),
        publicKey: keys.publicKey,
        signingKey: signer.privateKey,
        signingAlgorithm: signer.privateKey.algorithm.name === "ECDSA" ? ec : rsa(2048),
        extensions: options.version1 ? [] : await extensions(options, keys, signer),
    });
    const key = await pem(keys);
    const certificate = options.version1
        ? asVersion1(made.rawData, issuer?.key ?? key)
        : made.toString("pem");
    const parsed = new X509Certificate(certificate);
    return {
        certificate: certificate.trimEnd() + "\n",
        key,
        keys,
        x509: parsed,
        thumbprint: parsed.fingerprint.split(":").join(""),
        thumbprint256: parsed.fingerprint256.split(":").join(""),
    };
}

async function extensions(
    options: CertificateOptions,
    keys: CryptoKeyPair,
    signer: CryptoKeyPair,
): Promise<x509.Extension[]> {
    const ca = options.ca ?? false;
    const { keyUsage = ca ? ["keyCertSign", "cRLSign"] : ["digitalSignature"] } = options;
    const { extendedKeyUsage = ca ? null : ["clientAuth"] } = options;
    const list: x509.Extension[] = [
        new x509.BasicConstraintsExtension(ca, options.pathLength, true),
        options.keyIdentifier === undefined
            ? await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
            : new x509.SubjectKeyIdentifierExtension(options.keyIdentifier),
        await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ];
    if (keyUsage !== null) {
        const flags = keyUsage.reduce((sum, name) => sum | x509.KeyUsageFlags[name], 0);
        list.push(new x509.KeyUsagesExtension(flags, true));
    }
    if (extendedKeyUsage !== null) {
        const usages = extendedKeyUsage.map((name) => x509.ExtendedKeyUsage[name]);
        list.push(new x509.ExtendedKeyUsageExtension(usages));
    }
    return list;
}

async function pem(keys: CryptoKeyPair): Promise<string> {
    const der = await webcrypto.subtle.exportKey(
        "pkcs8",
        keys.privateKey as unknown as webcrypto.CryptoKey,
    );
    return x509.PemConverter.encode(der, "PRIVATE KEY") + "\n";
}

/** Takes `[0] version` and `[3] extensions` out of a certificate (RFC 5280 4.1) and signs it again. */
function asVersion1(raw: ArrayBuffer, signingKeyPem: string): string {
    const [tbs, algorithm] = children(Buffer.from(raw));
    const fields = children(tbs).filter((one) => one[0] !== 0xa0 && one[0] !== 0xa3);
    const bare = sequence(fields);
    const signature = sign("sha256", bare, createPrivateKey(signingKeyPem));
    const bits = element(0x03, Buffer.concat([Buffer.from([0]), signature]));
    const der = sequence([bare, algorithm, bits]);
    return x509.PemConverter.encode(new Uint8Array(der), "CERTIFICATE") + "\n";
}

/** The elements inside a constructed DER element, each with its header. */
function children(der: Buffer): Buffer[] {
    const list: Buffer[] = [];
    let at = header(der, 0).content;
    while (at < der.length) {
        const { end } = header(der, at);
        list.push(der.subarray(at, end));
        at = end;
    }
    return list;
}

function header(der: Buffer, at: number): { content: number; end: number } {
    const first = der[at + 1];
    if (first < 0x80) {
        return { content: at + 2, end: at + 2 + first };
    }
    const size = first & 0x7f;
    const content = at + 2 + size;
    return { content, end: content + der.readUIntBE(at + 2, size) };
}

function sequence(parts: readonly Buffer[]): Buffer {
    return element(0x30, Buffer.concat(parts));
}

function element(tag: number, content: Buffer): Buffer {
    const size = content.length;
    const length =
        size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
