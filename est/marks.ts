/*
 * What the service remembers of a device, in a tag of its twin: where all instances see it, and where a restart finds it. A
 * mark is written under the twin's ETag before anything is signed, so that of two requests at once one sees the other's.
 */

import { estTag, IssuedByEst, IssuedNote, issuedByEst } from "../components/registry/estTag";
import type { DeviceRecord } from "../components/registry/registry";

/** Certificates of one device that the tag lists, so that it stays small. */
const mostIssued = 8;

type Tags = Readonly<Record<string, unknown>>;

/** One use of a credential. */
interface Use {
    /** ISO 8601. */
    readonly at: string;
    /** Identifies the key that the new certificate was made for: {@link shortKeyId}. */
    readonly key: string;
}

interface Renewal extends Use {
    /** From when on the mark is not needed any more; ISO 8601. */
    readonly end: string;
}

export interface Marks {
    /** Certificates that were renewed, by SHA-256 thumbprint. */
    readonly renewed?: Readonly<Record<string, Renewal>>;
    /** When a bootstrap certificate was last used. */
    readonly bootstrap?: Use;
    /** One-time secrets that were used, by the start of their digest. */
    readonly secrets?: Readonly<Record<string, Use>>;
    /** A certificate that is being issued to a device with two: see twoCertificates.ts. */
    readonly pending?: Use;
    /** End of the certificate that was issued last; ISO 8601. */
    readonly notAfter?: string;
    /** Certificates that were issued and have not expired, by SHA-256 thumbprint. */
    readonly issued?: Readonly<Record<string, IssuedNote>>;
}

/** Merges one patch of a twin's tags into another; null removes (RFC 7386), and is kept for the twin. */
export function mergedPatch(one: Tags, other: Tags): Tags {
    const inner = Object.entries(other).map(([key, value]): [string, unknown] => [
        key,
        isMapping(value) && isMapping(one[key]) ? mergedPatch(one[key], value) : value,
    ]);
    return { ...one, ...Object.fromEntries(inner) };
}

/** What marks become by patches of the tags. */
export function withPatches(marks: Marks, ...patches: readonly Tags[]): Marks {
    const tags = patches.reduce((all, patch) => mergedPatch(all, patch), { [estTag]: marks });
    return marksOf(withoutNulls(tags));
}

function withoutNulls(tags: Tags): Tags {
    const kept = Object.entries(tags).filter(([, value]) => value !== null);
    return Object.fromEntries(
        kept.map(([key, value]) => [key, isMapping(value) ? withoutNulls(value) : value]),
    );
}

function isMapping(value: unknown): value is Tags {
    return typeof value === "object" && value !== null;
}

/** A credential that a certificate is issued for. */
export type Credential =
    | {
          readonly kind: "certificate";
          /** SHA-256 thumbprint, upper-case hex. */
          readonly thumbprint: string;
          /** From when on it would be refused as expired anyway. */
          readonly end: Date;
      }
    | { readonly kind: "bootstrap" }
    | {
          readonly kind: "secret";
          /** SHA-256 of the secret, lower-case hex. */
          readonly sha256: string;
      };

/** Enough to tell two keys of one device apart. */
export function shortKeyId(publicKeyId: string): string {
    return publicKeyId.slice(0, 16);
}

function shortDigest(sha256: string): string {
    return sha256.slice(0, 16);
}

export function marksOf(tags: Tags): Marks {
    const found = tags[estTag];
    return typeof found === "object" && found !== null ? found : {};
}

/** The use of this credential; undefined: it was not used. */
export function useOf(marks: Marks, credential: Credential): Use | undefined {
    switch (credential.kind) {
        case "certificate":
            return marks.renewed?.[credential.thumbprint];
        case "bootstrap":
            return marks.bootstrap;
        case "secret":
            return marks.secrets?.[shortDigest(credential.sha256)];
    }
}

/**
 * What to merge into the twin's tags when a certificate is issued. The first use stays: repeating does not extend the time in
 * which it may be repeated.
 *
 * @param isAgain whether the credential starts anew, although it was used
 */
export function markPatch(
    marks: Marks,
    credential: Credential,
    issued: { readonly key: string; readonly notAfter: Date; readonly isAgain: boolean },
    now: Date,
): Tags {
    const { key, notAfter, isAgain } = issued;
    const before = useOf(marks, credential);
    const use: Use =
        before === undefined || isAgain ? { at: now.toISOString(), key } : { at: before.at, key };
    const over = Object.entries(marks.renewed ?? {})
        .filter(([, { end }]) => Date.parse(end) < now.getTime())
        .map(([thumbprint]) => [thumbprint, null] as const);
    const renewed: Record<string, unknown> = Object.fromEntries(over);
    if (credential.kind === "certificate") {
        renewed[credential.thumbprint] = { ...use, end: credential.end.toISOString() };
    }
    return {
        [estTag]: {
            notAfter: notAfter.toISOString(),
            ...(Object.keys(renewed).length === 0 ? {} : { renewed }),
            ...(credential.kind === "bootstrap" ? { bootstrap: use } : {}),
            ...(credential.kind === "secret"
                ? { secrets: { [shortDigest(credential.sha256)]: use } }
                : {}),
        },
    };
}

/**
 * What to merge into the twin's tags once a certificate was issued. By it a run of the program knows which CA signed a
 * certificate that the hub knows by its thumbprint, and until when a device may use one of a CA that leaves.
 */
export function issuedPatch(
    present: Pick<DeviceRecord, "tags">,
    { thumbprint, ...note }: IssuedByEst,
    now: Date,
): Tags {
    const others = issuedByEst(present).filter((one) => one.thumbprint !== thumbprint);
    const over = others.filter(
        ({ notAfter }, index) => Date.parse(notAfter) <= now.getTime() || index >= mostIssued - 1,
    );
    const gone = over.map((one) => [one.thumbprint, null] as const);
    const issued = { ...Object.fromEntries(gone), [thumbprint]: note };
    const isPending = marksOf(present.tags).pending !== undefined;
    return { [estTag]: { issued, ...(isPending ? { pending: null } : {}) } };
}
