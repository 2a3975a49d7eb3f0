import { createPrivateKey, webcrypto, X509Certificate } from "crypto";
import { Issued } from "./pki";

const ec = { name: "ECDSA", namedCurve: "P-256" };

interface State {
    readonly deployment: {
        readonly resources: readonly {
            readonly urn: string;
            readonly outputs?: Readonly<Record<string, unknown>>;
        }[];
    };
}

/** A P-256 CA from a decrypted state, so that a test can sign what the stack's CA would sign. */
export async function importCa({ deployment }: State, name: string): Promise<Issued> {
    const outputs = (end: string) =>
        deployment.resources.find(({ urn }) => urn.endsWith(`::${name}${end}`))?.outputs ?? {};
    const certificate = String(outputs("-certificate").certPem);
    const { plaintext } = outputs("-key").privateKeyPemPkcs8 as { plaintext: string };
    const key = JSON.parse(plaintext) as string;
    const x509 = new X509Certificate(certificate);
    const { subtle } = webcrypto;
    const keys = {
        privateKey: await subtle.importKey(
            "pkcs8",
            createPrivateKey(key).export({ type: "pkcs8", format: "der" }),
            ec,
            true,
            ["sign"],
        ),
        publicKey: await subtle.importKey(
            "spki",
            x509.publicKey.export({ type: "spki", format: "der" }),
            ec,
            true,
            ["verify"],
        ),
    } as CryptoKeyPair;
    return {
        certificate,
        key,
        keys,
        x509,
        thumbprint: x509.fingerprint.replace(/:/g, ""),
        thumbprint256: x509.fingerprint256.replace(/:/g, ""),
    };
}
