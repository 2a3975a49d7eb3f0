import { createPublicKey, KeyObject } from "crypto";
import { childrenOf, elementAt, tags } from "./der";
import { Finding } from "./pem";

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

/** The rule that {@link keyFinding} checks, in words. */
export const strongKeyRule = "the key is RSA of at least 2048 bits, or ECDSA on P-256 or P-384";

function isStrongKey(key: KeyObject): boolean {
    const name = keyName(key);
    return (
        name === "ECDSA-P256" ||
        name === "ECDSA-P384" ||
        (key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048)
    );
}

/**
 * What keeps a key from authenticating a device or a CA: see {@link strongKeyRule}, and its curve has a name (RFC 5480,
 * 2.1.1), because OpenSSL refuses every chain in which one is written out (verification error 94).
 *
 * @param spki SubjectPublicKeyInfo (DER) as it stands in the certificate or request
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
    return key.asymmetricKeyType === "ec" && !namesItsCurve(spki)
        ? {
              value: "an ECDSA key with its curve's parameters written out",
              rule: "the key names its curve (RFC 5480, 2.1.1): TLS stacks refuse explicit parameters",
              remedy: renamed,
          }
        : undefined;
}

/** AlgorithmIdentifier.parameters is the curve's OID. */
function namesItsCurve(spki: Buffer): boolean {
    const outer = elementAt(spki, 0);
    const algorithm = outer && childrenOf(spki, outer)[0];
    return algorithm !== undefined && childrenOf(spki, algorithm)[1]?.tag === tags.oid;
}

/**
 * SubjectPublicKeyInfo (DER) of a key in the one form that all of its encodings have in common: the point of a curve is
 * uncompressed (RFC 5480, 2.2).
 */
export function publicKeyOf(key: KeyObject): Buffer {
    const common =
        key.asymmetricKeyType === "ec"
            ? createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" })
            : key;
    return common.export({ type: "spki", format: "der" });
}
