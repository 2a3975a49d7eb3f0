import { strict as assert } from "assert";
import { createPrivateKey } from "crypto";

/** A resource of an exported state. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly inputs?: Record<string, unknown>;
    readonly outputs?: Record<string, unknown>;
}

export const privateKeyMarker = /-----BEGIN [A-Z ]*PRIVATE KEY/;
/** How the engine marks a secret in an exported state, which has it in `plaintext` as JSON. */
const secretMark = "4dabf18193072939515e22adb298388d";

/** The state with every secret replaced by its value. */
export function decrypted<T>(state: T): T {
    const text = JSON.stringify(state, (_, value: unknown) => {
        const secret = value as Record<string, string> | null;
        return typeof secret === "object" && secret !== null && secretMark in secret
            ? (JSON.parse(secret.plaintext) as unknown)
            : value;
    });
    return JSON.parse(text) as T;
}

/** Every PEM private key, at any depth. */
export function privateKeysOf(list: readonly StateResource[]): string[] {
    const found = new Set<string>();
    JSON.stringify(list, (_, value: unknown) => {
        if (typeof value === "string") {
            const blocks = value.match(
                /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^-]+-----END \1-----/g,
            );
            blocks?.forEach((block) => found.add(block));
        }
        return value;
    });
    return [...found];
}

export function isPkcs8(pem: string): boolean {
    return pem.startsWith("-----BEGIN PRIVATE KEY-----");
}

/** Looks for the keys in every container, in base64 with and without line ends. */
export function assertHoldsNone(text: string, keys: readonly string[], where: string): void {
    const dense = text.replace(/\\n|\s/g, "");
    for (const key of keys.filter(isPkcs8)) {
        assert.ok(!traces(key).some((trace) => dense.includes(trace)), `a key in ${where}`);
    }
}

/** The private number alone as it shows in base64, for each of the three places in a group where it may begin. */
function traces(pem: string): string[] {
    const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
    const secret = Buffer.from(d, "base64url");
    return [0, 1, 2].map((shift) =>
        Buffer.concat([Buffer.alloc(shift), secret])
            .toString("base64")
            .slice(4, 40),
    );
}
