import { createHash, createPrivateKey, createPublicKey, generateKeyPair, KeyObject } from "crypto";
import { promisify } from "util";
import { Created } from "../frame/provider";
import { Values } from "../frame/values";
import { opensshPrivateKey, sshPublicKey } from "./openssh";

/** Runs on a thread of libuv's pool: a large RSA key takes seconds. */
const generate = promisify(generateKeyPair);

/** The tls package's `PrivateKey`. */
export async function makeKey({ algorithm, rsaBits, ecdsaCurve }: Values): Promise<Created> {
    if (algorithm === "ECDSA" && ecdsaCurve === "P224") {
        throw new Error(
            "'ecdsaCurve' is P224 when it is left out, which is not in the tls stand-in: set P256, P384 or P521",
        );
    }
    const { privateKey, publicKey } =
        algorithm === "RSA"
            ? await generate("rsa", { modulusLength: Number(rsaBits) })
            : await generate("ec", { namedCurve: String(ecdsaCurve).replace("P", "P-") });
    const { id, outputs } = publicOutputs(publicKey);
    const form = algorithm === "RSA" ? "pkcs1" : "sec1";
    return {
        id,
        outputs: {
            ...outputs,
            privateKeyOpenssh: opensshPrivateKey(privateKey),
            privateKeyPem: privateKey.export({ type: form as "pkcs1", format: "pem" }),
            privateKeyPemPkcs8: privateKey.export({ type: "pkcs8", format: "pem" }),
        },
    };
}

/** A `PrivateKey`'s outputs about its public key; its ID is the SHA-1 of the public key in DER. */
export function publicOutputs(publicKey: KeyObject): Created {
    const der = publicKey.export({ type: "spki", format: "der" });
    const { type, blob } = sshPublicKey(publicKey);
    const md5 = createHash("md5").update(blob).digest("hex");
    const sha256 = createHash("sha256").update(blob).digest("base64");
    return {
        id: createHash("sha1").update(der).digest("hex"),
        outputs: {
            publicKeyFingerprintMd5: md5.replace(/..(?!$)/g, "$&:"),
            publicKeyFingerprintSha256: `SHA256:${sha256.replace(/=+$/, "")}`,
            publicKeyOpenssh: `${type} ${blob.toString("base64")}\n`,
            publicKeyPem: publicKey.export({ type: "spki", format: "pem" }),
        },
    };
}

export interface KeyPair {
    readonly privateKey: KeyObject;
    readonly publicKey: KeyObject;
    /** As named in the outputs: `RSA` or `ECDSA`. */
    readonly algorithm: string;
}

/**
 * Reads a key from a PEM input: PKCS#1, SEC 1 or PKCS#8.
 *
 * @throws Error that names the property, never its value
 */
export function readKey(property: string, pem: unknown): KeyPair {
    const privateKey = parse(property, String(pem));
    const algorithm = { rsa: "RSA", ec: "ECDSA" }[String(privateKey.asymmetricKeyType)];
    if (algorithm === undefined) {
        throw new Error(`'${property}' is neither an RSA nor an ECDSA key`);
    }
    return { privateKey, publicKey: createPublicKey(privateKey), algorithm };
}

function parse(property: string, pem: string): KeyObject {
    try {
        return createPrivateKey(pem);
    } catch {
        throw new Error(`'${property}' is not a private key in PEM without a password`);
    }
}
