import "reflect-metadata";
import { randomBytes, webcrypto } from "crypto";
import * as x509 from "@peculiar/x509";

/** The key material that stays with the demo's devices, and that of an intruder: nothing here belongs to the program. */

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 3600 * 1000;

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

interface DeviceKey {
    readonly keyPem: string;
    readonly keys: CryptoKeyPair;
}

async function makeKey(): Promise<DeviceKey> {
    const usages: KeyUsage[] = ["sign", "verify"];
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, usages)) as CryptoKeyPair;
    const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey as webcrypto.CryptoKey);
    return { keys, keyPem: x509.PemConverter.encode(der, "PRIVATE KEY") };
}

/** A device that makes its own key and hands out a signing request. */
export async function requestingDevice(
    deviceId: string,
): Promise<{ readonly keyPem: string; readonly csrPem: string }> {
    const { keys, keyPem } = await makeKey();
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
        name: [{ CN: [deviceId] }],
        keys,
        signingAlgorithm: algorithm,
    });
    return { keyPem, csrPem: request.toString("pem") + "\n" };
}

/** A device with a certificate that it signed itself. */
export async function selfSignedDevice(
    deviceId: string,
): Promise<{ readonly keyPem: string; readonly certificatePem: string }> {
    const { keys, keyPem } = await makeKey();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: randomBytes(15).toString("hex"),
        name: [{ CN: [deviceId] }],
        notBefore: new Date(Date.now() - day),
        notAfter: new Date(Date.now() + 365 * day),
        keys,
        signingAlgorithm: algorithm,
    });
    return { keyPem, certificatePem: certificate.toString("pem") + "\n" };
}

/** A server's certificate for `localhost`, which a client trusts by itself. */
export async function localhostServer(): Promise<{
    readonly keyPem: string;
    readonly certificatePem: string;
}> {
    const { keys, keyPem } = await makeKey();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: randomBytes(15).toString("hex"),
        name: [{ CN: ["localhost"] }],
        notBefore: new Date(Date.now() - day),
        notAfter: new Date(Date.now() + 30 * day),
        keys,
        signingAlgorithm: algorithm,
        extensions: [
            new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]),
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        ],
    });
    return { keyPem, certificatePem: certificate.toString("pem") + "\n" };
}

/** A chain for a device that looks like the real one in every name, under a CA with another key. */
export async function lookAlike(
    realChainPem: string,
): Promise<{ readonly keyPem: string; readonly chainPem: string }> {
    const [realLeaf, realIssuer] = x509.PemConverter.decode(realChainPem).map(
        (der) => new x509.X509Certificate(der),
    );
    const issuerKey = await makeKey();
    const leafKey = await makeKey();
    const issuer = await imitate(realIssuer, issuerKey.keys, issuerKey.keys);
    const leaf = await imitate(realLeaf, leafKey.keys, issuerKey.keys);
    return {
        keyPem: leafKey.keyPem,
        chainPem: `${leaf.toString("pem")}\n${issuer.toString("pem")}\n`,
    };
}

function imitate(
    real: x509.X509Certificate,
    keys: CryptoKeyPair,
    signer: CryptoKeyPair,
): Promise<x509.X509Certificate> {
    const kept = real.extensions.filter(
        (extension) =>
            extension instanceof x509.BasicConstraintsExtension ||
            extension instanceof x509.KeyUsagesExtension ||
            extension instanceof x509.ExtendedKeyUsageExtension,
    );
    return x509.X509CertificateGenerator.create({
        serialNumber: real.serialNumber,
        subject: real.subjectName,
        issuer: real.issuerName,
        notBefore: real.notBefore,
        notAfter: real.notAfter,
        publicKey: keys.publicKey,
        signingKey: signer.privateKey,
        signingAlgorithm: algorithm,
        extensions: kept,
    });
}
