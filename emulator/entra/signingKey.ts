import { createPrivateKey, createPublicKey, generateKeyPair, KeyObject } from "crypto";
import { calculateJwkThumbprint, exportJWK, JWK } from "jose";
import { promisify } from "util";

const rsaBits = 2048;

/** An RSA key that signs JWTs with RS256. */
export interface SigningKey {
    readonly privateKey: KeyObject;
    readonly publicKey: KeyObject;
    /** The public key as published in a JWKS, with `kid`, `use` and `alg`. */
    readonly jwk: JWK & { readonly kid: string };
}

export async function newSigningKey(): Promise<SigningKey> {
    const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: rsaBits });
    return signingKey(privateKey);
}

/** Reads a PKCS #8 PEM. */
export function readSigningKey(pem: string): Promise<SigningKey> {
    return signingKey(createPrivateKey(pem));
}

/** Writes a PKCS #8 PEM. */
export function writeSigningKey(key: SigningKey): string {
    return key.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

async function signingKey(privateKey: KeyObject): Promise<SigningKey> {
    const publicKey = createPublicKey(privateKey);
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    return { privateKey, publicKey, jwk: { ...jwk, kid, use: "sig", alg: "RS256" } };
}
