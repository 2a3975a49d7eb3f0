import { createHash } from "crypto";

/**
 * Inputs that must not reach the state, such as a CA's private key. The engine calls `check` in the same process before
 * `create` and `update`: `check` leaves the value here, returns only its name, and the later call takes it from here.
 */
const held = new Map<string, string>();

export function put(name: string, value: string): void {
    held.set(name, value);
}

/** Whether `check` left the value in this process: it does not run in a refresh or a destroy. */
export function has(name: string): boolean {
    return held.has(name);
}

/** @throws Error when `check` did not leave the value in this process. */
export function get(name: string, what: string): string {
    const value = held.get(name);
    if (value === undefined) {
        throw new Error(
            `${what} is not available in this run; run "pulumi up" with the whole program`,
        );
    }
    return value;
}

/** 128 bits of the SHA-256 of a text, base64url (22 characters); names values that are not secret. */
export function textDigest(text: string): string {
    return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
