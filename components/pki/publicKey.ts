import { KeyObject } from "crypto";

const curves: Record<string, string> = {
    prime256v1: "P-256",
    secp384r1: "P-384",
    secp521r1: "P-521",
};

/** A public key in words: `RSA-2048`, `ECDSA-P256`, `Ed25519` … */
export function keyName(key: KeyObject): string {
    const details = key.asymmetricKeyDetails ?? {};
    switch (key.asymmetricKeyType) {
        case "rsa":
            return `RSA-${details.modulusLength}`;
        case "ec": {
            const curve = details.namedCurve ?? "unknown";
            return `ECDSA-${(curves[curve] ?? curve).replace("-", "")}`;
        }
        case "ed25519":
            return "Ed25519";
        default:
            return key.asymmetricKeyType ?? "unknown";
    }
}

/** The rule that {@link isStrongKey} checks, in words. */
export const strongKeyRule = "the key is RSA of at least 2048 bits, or ECDSA on P-256 or P-384";

/** Whether a key may authenticate a device or a CA here: see {@link strongKeyRule}. */
export function isStrongKey(key: KeyObject): boolean {
    const name = keyName(key);
    return (
        name === "ECDSA-P256" ||
        name === "ECDSA-P384" ||
        (key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048)
    );
}
