import { X509Certificate } from "crypto";
import { isIssuedBy, publicKeyId } from "../x509/certificates";
import { leafNotAfter } from "../x509/issue";
import { generationOfIssuer } from "./formerCertificates";

const day = 24 * 3600 * 1000;

/** Why a device certificate is reissued. These names must not change. */
export type ReasonName =
    | "key changed"
    | "issuer rotated"
    | "subject changed"
    | "policy changed"
    | "inputs changed"
    | "renewal due";

export interface Reason {
    readonly name: ReasonName;
    /** e.g. `generation 1 -> 2`; empty if the name says it all. */
    readonly message: string;
}

/** What a certificate should be, as far as a run knows. */
export interface Wanted {
    readonly organization?: string;
    readonly country?: string;
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    /** Algorithm and generation of a generated key, e.g. `RSA-2048/1`; undefined for a signing request. */
    readonly generatedKey?: string;
    /** SHA-256 of the SubjectPublicKeyInfo in a signing request, hex; undefined for a generated key. */
    readonly requestedKeyId?: string;
    /** PEM of the signing CA; undefined if this run creates it, or does not have its key. */
    readonly issuerCertificate?: string;
}

/** The present certificate, and the time of the decision. */
export interface Situation {
    readonly certificate: X509Certificate;
    /** PEM of {@link certificate}. */
    readonly pem: string;
    /** As {@link Wanted.generatedKey}. */
    readonly generatedKey?: string;
    readonly wanted: Wanted;
    /** Whether the inputs differ from those that the certificate was issued for. */
    readonly isOther: boolean;
    readonly now: number;
}

/** One link of the chain: gives a message if its reason applies. */
interface Link {
    readonly name: ReasonName;
    readonly find: (situation: Situation) => string | undefined;
}

/** In the order in which reasons are shown. */
const chain: readonly Link[] = [
    { name: "key changed", find: otherKey },
    { name: "issuer rotated", find: otherIssuer },
    { name: "subject changed", find: otherSubject },
    { name: "policy changed", find: otherPolicy },
];

/**
 * Every reason to reissue a certificate; empty if it stays. The certificate itself is compared with what is wanted, because
 * the state keeps only a digest of the inputs.
 */
export function reissueReasons(
    pem: string,
    situation: Omit<Situation, "certificate" | "pem">,
): readonly Reason[] {
    const whole: Situation = { ...situation, certificate: new X509Certificate(pem), pem };
    const found = whole.isOther ? namedReasons(whole) : [];
    const due = renewalDue(whole);
    return due === undefined ? found : [...found, { name: "renewal due", message: due }];
}

function namedReasons(situation: Situation): readonly Reason[] {
    const found = chain.flatMap(({ name, find }) => {
        const message = find(situation);
        return message === undefined ? [] : [{ name, message }];
    });
    // The same key and names but different text: a re-signed CA certificate, or another request.
    return found.length > 0
        ? found
        : [{ name: "inputs changed", message: "another CA certificate or request, same names" }];
}

/** `issuer rotated (generation 1 -> 2); renewal due (expires 2027-03-01T…)` */
export function reasonsText(reasons: readonly Reason[]): string {
    return reasons
        .map(({ name, message }) => (message === "" ? name : `${name} (${message})`))
        .join("; ");
}

function otherKey({ certificate, generatedKey, wanted }: Situation): string | undefined {
    if (wanted.requestedKeyId === undefined) {
        return generatedKey === wanted.generatedKey
            ? undefined
            : `${generatedKey ?? "key on the device"} -> ${wanted.generatedKey ?? "key on the device"}`;
    }
    if (generatedKey !== undefined) {
        return `${generatedKey} -> key on the device`;
    }
    const held = certificate.publicKey.export({ type: "spki", format: "der" });
    return publicKeyId(held) === wanted.requestedKeyId ? undefined : "a request of another key";
}

function otherIssuer({ certificate, pem, wanted }: Situation): string | undefined {
    if (wanted.issuerCertificate === undefined) {
        return "another CA";
    }
    const issuer = new X509Certificate(wanted.issuerCertificate);
    if (isIssuedBy(certificate, issuer)) {
        return undefined;
    }
    const [from, to] = [generationOfIssuer(pem), generationOf(issuer)];
    if (from !== to && from !== 0 && to !== 0) {
        return `generation ${from} -> ${to}`;
    }
    return `${commonName(certificate.issuer)} -> ${commonName(issuer.subject)}${
        certificate.issuer === issuer.subject ? ", with another key" : ""
    }`;
}

function generationOf({ subject }: X509Certificate): number {
    return Number(/^CN=.* G(\d+)$/m.exec(subject)?.[1] ?? 0);
}

function otherSubject({ certificate: { subject }, wanted }: Situation): string | undefined {
    const changes = [
        ["O", wanted.organization],
        ["C", wanted.country],
    ].flatMap(([key, next]) => {
        const held = part(subject, `${key}`);
        return held === next ? [] : [`${key}: ${held ?? "none"} -> ${next ?? "none"}`];
    });
    return changes.length === 0 ? undefined : changes.join(", ");
}

/** A certificate that was cut short at its issuer's expiry would be cut short again. */
function otherPolicy({ certificate, wanted }: Situation): string | undefined {
    const end = Date.parse(certificate.validTo);
    const days = Math.round((end - Date.parse(certificate.validFrom)) / day);
    if (days === wanted.validityDays) {
        return undefined;
    }
    const issuerEnd =
        wanted.issuerCertificate === undefined
            ? Infinity
            : Date.parse(new X509Certificate(wanted.issuerCertificate).validTo);
    const isCut = days < wanted.validityDays && end >= issuerEnd;
    return isCut ? undefined : `valid for ${days} -> ${wanted.validityDays} days`;
}

/**
 * The certificate is inside its renewal window, and a new one would last at least a day longer (its issuer may expire as
 * soon). No renewal is due if nothing can be signed, as in a refresh.
 */
function renewalDue({ certificate, wanted, now }: Situation): string | undefined {
    const end = Date.parse(certificate.validTo);
    const { issuerCertificate, renewBeforeDays, validityDays } = wanted;
    if (now < end - renewBeforeDays * day || issuerCertificate === undefined) {
        return undefined;
    }
    const renewed = leafNotAfter(issuerCertificate, validityDays, now).getTime();
    return renewed < end + day ? undefined : `expires ${new Date(end).toISOString()}`;
}

function part(subject: string, key: string): string | undefined {
    // Node.js escapes the characters that RFC 2253 names.
    return subject
        .split("\n")
        .find((line) => line.startsWith(`${key}=`))
        ?.slice(key.length + 1)
        .replace(/\\(.)/g, "$1");
}

function commonName(subject: string): string {
    return `"${part(subject, "CN") ?? subject}"`;
}
