import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPair, KeyObject, webcrypto } from "crypto";
import { promisify } from "util";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

const generate = promisify(generateKeyPair);
const subjectAltName = "2.5.29.17";
const curves: Readonly<Record<string, { readonly name: string; readonly hash: string }>> = {
    prime256v1: { name: "P-256", hash: "SHA-256" },
    secp384r1: { name: "P-384", hash: "SHA-384" },
    secp521r1: { name: "P-521", hash: "SHA-512" },
};

/**
 * Makes a key of the same kind as the present one; P-256 for a first certificate.
 *
 * @param presentPem the present private key
 * @returns PEM, PKCS#8
 */
export async function newKey(presentPem: string | undefined): Promise<string> {
    const present = presentPem === undefined ? undefined : createPrivateKey(presentPem);
    const { modulusLength, namedCurve = "prime256v1" } = present?.asymmetricKeyDetails ?? {};
    const { privateKey } =
        present?.asymmetricKeyType === "rsa"
            ? await generate("rsa", { modulusLength: modulusLength ?? 2048 })
            : await generate("ec", { namedCurve });
    return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/**
 * A certificate signing request (PKCS#10, RFC 2986). A renewal has subject and subject alternative names of the present
 * certificate (RFC 7030, 4.2.2).
 *
 * @param present PEM of the certificate that is renewed; undefined: a first certificate, whose subject is `CN=deviceId`
 * @returns DER
 */
export async function certificateRequest(
    deviceId: string,
    keyPem: string,
    present: string | undefined,
): Promise<Buffer> {
    const certificate = present === undefined ? undefined : new x509.X509Certificate(present);
    const alternatives = certificate?.getExtension(subjectAltName) ?? undefined;
    const { keys, algorithm } = await importKey(createPrivateKey(keyPem));
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
        name: certificate?.subjectName ?? [{ CN: [deviceId] }],
        keys,
        signingAlgorithm: algorithm,
        extensions: alternatives === undefined ? [] : [alternatives],
    });
    return Buffer.from(request.rawData);
}

async function importKey(
    key: KeyObject,
): Promise<{ keys: CryptoKeyPair; algorithm: Algorithm & { hash: string } }> {
    const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
    if (key.asymmetricKeyType !== "rsa" && curve === undefined) {
        throw new Error("a renewal needs an RSA key or one on the curve P-256, P-384 or P-521");
    }
    const algorithm =
        curve === undefined
            ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
            : { name: "ECDSA", namedCurve: curve.name, hash: curve.hash };
    const { subtle } = webcrypto;
    const pkcs8 = key.export({ type: "pkcs8", format: "der" });
    const privateKey = await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    const publicKey = await subtle.importKey("spki", spki, algorithm, true, ["verify"]);
    return { keys: { privateKey, publicKey } as unknown as CryptoKeyPair, algorithm };
}
