import { createPublicKey, KeyObject } from "crypto";
import { childrenOf, elementAt, tags } from "./der";
import { Finding } from "./pem";
import { primeModulus, rsaNumbers, rsaSizes, rsaWeakness } from "./weakKeys";

const curves: Record<string, string> = {
    prime256v1: "P256",
    secp384r1: "P384",
    secp521r1: "P521",
};

const names: Record<string, string> = {
    ed25519: "Ed25519",
    ed448: "Ed448",
    x25519: "X25519",
    x448: "X448",
    dh: "DH",
};

/** A public key in words: `RSA-2048`, `ECDSA-P256`, `ECDSA-secp256k1`, `Ed25519` … */
export function keyName(key: KeyObject): string {
    const { modulusLength, namedCurve = "unknown curve" } = key.asymmetricKeyDetails ?? {};
    const type = key.asymmetricKeyType ?? "unknown";
    switch (type) {
        case "rsa":
        case "rsa-pss":
        case "dsa":
            return `${type.toUpperCase()}-${modulusLength}`;
        case "ec":
            return `ECDSA-${curves[namedCurve] ?? namedCurve}`;
        default:
            return names[type] ?? type;
    }
}

/** A signature algorithm in words: `SHA-1 and RSA`, `MD5 and RSA`, `SHA-256 and ECDSA` … */
export function signatureName(algorithm: { readonly name: string }): string {
    const known: Record<string, string> = {
        "1.2.840.113549.1.1.4": "MD5 and RSA",
        "1.2.840.113549.1.1.14": "SHA-224 and RSA",
        "RSASSA-PKCS1-v1_5": "RSA",
    };
    const name = known[algorithm.name] ?? algorithm.name;
    const { hash } = algorithm as { hash?: { name: string } };
    return hash === undefined ? name : `${hash.name} and ${name}`;
}

/** The kinds of keys that {@link keyFinding} accepts, in words. */
export const strongKeyRule =
    "the key must be RSA of 2048, 3072, 4096 or 8192 bits, or ECDSA on P-256 or P-384";

function isStrongKey(key: KeyObject): boolean {
    const name = keyName(key);
    return (
        name === "ECDSA-P256" ||
        name === "ECDSA-P384" ||
        (key.asymmetricKeyType === "rsa" &&
            rsaSizes.includes(key.asymmetricKeyDetails?.modulusLength ?? 0))
    );
}

/**
 * What prevents a key from authenticating a device or a CA: its kind or size (see {@link strongKeyRule}), RSA numbers that
 * give the private key away (see {@link rsaWeakness}), or a curve without a name (RFC 5480, 2.1.1), because OpenSSL
 * refuses every chain with explicit curve parameters (verification error 94).
 *
 * @param spki SubjectPublicKeyInfo (DER) exactly as in the certificate or request
 * @param anew how to make one with another key
 * @param renamed how to make one with the same key
 */
export function keyFinding(
    spki: Buffer,
    key: KeyObject,
    anew: string,
    renamed: string,
): Finding | undefined {
    if (!isStrongKey(key)) {
        const name = keyName(key);
        const article = /^D/.test(name) ? "a" : "an";
        return { value: `${article} ${name} key`, rule: strongKeyRule, remedy: anew };
    }
    if (key.asymmetricKeyType === "rsa") {
        const weakness = rsaWeakness(rsaNumbers(key));
        return weakness && { ...weakness, remedy: anew };
    }
    return namesItsCurve(spki)
        ? undefined
        : {
              value: "an ECDSA key with explicit curve parameters",
              rule: "the key must name its curve (RFC 5480, 2.1.1): TLS stacks reject explicit parameters",
              remedy: renamed,
          };
}

/** A prime in place of a modulus, which {@link keyFinding} does not look for because that takes so long. */
export function primeFinding(key: KeyObject, anew: string): Finding | undefined {
    const weakness = key.asymmetricKeyType === "rsa" ? primeModulus(rsaNumbers(key)) : undefined;
    return weakness && { ...weakness, remedy: anew };
}

/** Whether AlgorithmIdentifier.parameters is the curve's OID. */
function namesItsCurve(spki: Buffer): boolean {
    const outer = elementAt(spki, 0);
    const algorithm = outer && childrenOf(spki, outer)[0];
    return algorithm !== undefined && childrenOf(spki, algorithm)[1]?.tag === tags.oid;
}

/**
 * SubjectPublicKeyInfo (DER) of a key in one form for all of its encodings: the point of a curve is uncompressed
 * (RFC 5480, 2.2).
 */
export function publicKeyOf(key: KeyObject): Buffer {
    const common =
        key.asymmetricKeyType === "ec"
            ? createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" })
            : key;
    return common.export({ type: "spki", format: "der" });
}
