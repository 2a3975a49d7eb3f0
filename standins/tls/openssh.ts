import { JsonWebKey, KeyObject, randomBytes } from "crypto";

/** A public key as SSH sends it (RFC 4253, section 6.6; RFC 5656, section 3.1). */
export interface SshPublicKey {
    readonly type: string;
    readonly blob: Buffer;
}

const curves: Readonly<Record<string, string>> = {
    "P-256": "nistp256",
    "P-384": "nistp384",
    "P-521": "nistp521",
};

/** Length and bytes: RFC 4251, section 5, `string`. */
function string(value: Buffer | string): Buffer {
    const bytes = Buffer.from(value as string);
    return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
}

/**
 * A positive number in the shortest form, with a leading zero byte before a set top bit: RFC 4251, section 5, `mpint`.
 */
function mpint(base64url: string | undefined): Buffer {
    const bytes = Buffer.from(base64url ?? "", "base64url");
    const start = bytes.findIndex((byte) => byte !== 0);
    const shortest = bytes.subarray(start < 0 ? bytes.length : start);
    return string(shortest[0] >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : shortest);
}

function ecPoint({ x, y }: JsonWebKey): Buffer {
    const coordinates = [x, y].map((each) => Buffer.from(each ?? "", "base64url"));
    return Buffer.concat([Buffer.of(4), ...coordinates]);
}

export function sshPublicKey(key: KeyObject): SshPublicKey {
    const jwk = key.export({ format: "jwk" });
    if (jwk.kty === "RSA") {
        const blob = Buffer.concat([string("ssh-rsa"), mpint(jwk.e), mpint(jwk.n)]);
        return { type: "ssh-rsa", blob };
    }
    const curve = curves[String(jwk.crv)];
    const type = `ecdsa-sha2-${curve}`;
    return { type, blob: Buffer.concat([string(type), string(curve), string(ecPoint(jwk))]) };
}

/** A private key in OpenSSH's own format, without a passphrase (OpenSSH, `PROTOCOL.key`). */
export function opensshPrivateKey(key: KeyObject): string {
    const jwk = key.export({ format: "jwk" });
    const { type, blob } = sshPublicKey(key);
    const fields =
        jwk.kty === "RSA"
            ? [jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q].map(mpint)
            : [string(curves[String(jwk.crv)]), string(ecPoint(jwk)), mpint(jwk.d)];
    const check = randomBytes(4);
    const comment = string("");
    const secret = Buffer.concat([check, check, string(type), ...fields, comment]);
    const padding = Buffer.from(
        Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1),
    );
    const all = Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        ...[string("none"), string("none"), string("")],
        ...[uint32(1), string(blob)],
        string(Buffer.concat([secret, padding])),
    ]);
    const lines = all.toString("base64").replace(/.{64}(?!$)/g, "$&\n");
    const label = "OPENSSH PRIVATE KEY";
    return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
