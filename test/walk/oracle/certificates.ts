import { createHash, createPrivateKey, createPublicKey, KeyObject, X509Certificate } from "crypto";
import { WalkConfig } from "../model/config";
import { effective, Effective, EffectiveCa, EffectiveDevice } from "../model/effective";
import { differ, resource, Seen } from "./seen";

const day = 24 * 3600 * 1000;
/** Certificates begin a little in the past, and a run takes its time. */
const tolerance = 0.6 * day;

/** PEM of each CA's certificate, by name (`root`, `a-g1`), from the state. */
export function authoritiesOf(seen: Seen, given: ReadonlyMap<string, string>): Map<string, string> {
    const made = seen.resources
        .filter(({ type }) => type === "LocallySignedCert" || type === "SelfSignedCert")
        .map(({ name, outputs }) => [name.replace(/-certificate$/, ""), outputs.certPem] as const)
        .filter((entry): entry is [string, string] => typeof entry[1] === "string");
    // A root that went offline may still be in the state, for what it signed before.
    const named = made.map(([name, pem]) =>
        given.has(name) && name === "root"
            ? (["former root", pem] as const)
            : ([name, pem] as const),
    );
    return new Map([...given, ...named]);
}

/** Fingerprints of all keys that must stay, by the names of the model's `keyPurposes`. */
export function keysOf(seen: Seen): Map<string, string> {
    const keys = new Map<string, string>();
    for (const { type, name, outputs } of seen.resources) {
        if (type === "PrivateKey" && typeof outputs.publicKeyPem === "string") {
            const key = createPublicKey(outputs.publicKeyPem);
            keys.set(`CA ${name.replace(/-key$/, "")}`, fingerprint(key));
        }
        if (type === "DeviceCertificate" && typeof outputs.privateKey === "string") {
            keys.set(`device ${name}`, fingerprint(createPublicKey(outputs.privateKey)));
        }
    }
    return keys;
}

function fingerprint(key: KeyObject): string {
    return createHash("sha256")
        .update(key.export({ type: "spki", format: "der" }))
        .digest("hex")
        .slice(0, 16);
}

/** What CAs and devices' certificates say, against the configuration. */
export async function certificateProblems(
    config: WalkConfig,
    seen: Seen,
    authorities: ReadonlyMap<string, string>,
    pending: readonly string[],
    ownKeyPem: (id: string, number: number) => Promise<string>,
): Promise<string[]> {
    const now = effective(config);
    const cas = now.groups.flatMap((group) => group.authorities);
    const present = new Set(now.groups.map(({ authorities }) => authorities[0]));
    const made = cas.filter(({ name }) => !pending.includes(name));
    const problems = [
        ...(now.rootKeys === "managed" ? rootProblems(now, authorities) : []),
        ...made.flatMap((ca) => intermediateProblems(ca, present.has(ca), now, authorities)),
    ];
    for (const device of now.devices) {
        if (device.group && !pending.includes(device.group.authorities[0].name)) {
            problems.push(...(await leafProblems(device, now, seen, authorities, ownKeyPem)));
        }
    }
    return problems;
}

function rootProblems(now: Effective, authorities: ReadonlyMap<string, string>): string[] {
    const pem = authorities.get(now.root.name);
    if (pem === undefined) {
        return [`the CA ${now.root.name} has no certificate`];
    }
    const certificate = new X509Certificate(pem);
    return certificate.verify(certificate.publicKey)
        ? caProblems(now.root, certificate, undefined, now)
        : [`the CA ${now.root.name} is not signed by itself`];
}

/** One that is only retained, or under a root that the configuration left, stays as it is. */
function intermediateProblems(
    ca: EffectiveCa,
    isPresent: boolean,
    now: Effective,
    authorities: ReadonlyMap<string, string>,
): string[] {
    const pem = authorities.get(ca.name);
    if (pem === undefined) {
        return [`the CA ${ca.name} has no certificate`];
    }
    const certificate = new X509Certificate(pem);
    const issuer = rootOf(certificate, authorities);
    if (issuer === undefined) {
        return [`the CA ${ca.name} is signed by no root of the stack`];
    }
    return isPresent && issuer.name === now.root.name
        ? caProblems(ca, certificate, new X509Certificate(issuer.pem), now)
        : [];
}

/** The root that signed an intermediate. */
export function rootOf(
    intermediate: X509Certificate,
    authorities: ReadonlyMap<string, string>,
): { readonly name: string; readonly pem: string } | undefined {
    const roots = [...authorities].filter(([name]) => /^(former )?root(-\d+)?$/.test(name));
    const found = roots.find(([, pem]) => intermediate.verify(new X509Certificate(pem).publicKey));
    return found && { name: found[0], pem: found[1] };
}

function caProblems(
    ca: EffectiveCa,
    certificate: X509Certificate,
    issuer: X509Certificate | undefined,
    now: Effective,
): string[] {
    const what = `the CA ${ca.name}`;
    return [
        ...subjectProblems(what, certificate, ca.commonName, now),
        // Under an offline root a key stays until its generation changes.
        ...(now.rootKeys === "offline"
            ? []
            : differ(`${what}: key`, algorithmOf(certificate.publicKey), ca.keyAlgorithm)),
        ...differ(`${what}: CA:TRUE`, certificate.ca, true),
        ...(now.rootKeys === "offline"
            ? []
            : lifeProblems(what, certificate, ca.validityDays, issuer)),
    ];
}

async function leafProblems(
    device: EffectiveDevice,
    now: Effective,
    seen: Seen,
    authorities: ReadonlyMap<string, string>,
    ownKeyPem: (id: string, number: number) => Promise<string>,
): Promise<string[]> {
    const { id, group, kind } = device;
    const what = `the certificate of ${id}`;
    const { certificate: pem, privateKey } = resource(seen, "DeviceCertificate", id)?.outputs ?? {};
    const issuerPem = authorities.get(group?.authorities[0].name ?? "");
    if (typeof pem !== "string" || issuerPem === undefined || group === undefined) {
        return [`${what} is missing`];
    }
    const leaf = new X509Certificate(pem);
    const issuer = new X509Certificate(issuerPem);
    const key =
        kind === "csr"
            ? await ownKeyPem(id, device.own)
            : ((privateKey as string | undefined) ?? "");
    const end = Date.parse(leaf.validTo);
    const isBoundByIssuer = end >= Date.parse(issuer.validTo) - 2 * day;
    const left = Math.round((end - seen.now) / day);
    return [
        ...subjectProblems(what, leaf, id, now),
        ...(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey)
            ? []
            : [`${what} is not signed by ${group.authorities[0].name}`]),
        ...(key !== "" && leaf.checkPrivateKey(createPrivateKey(key))
            ? []
            : [`${what} is not for the device's key`]),
        ...(kind === "generated"
            ? differ(`${what}: key`, algorithmOf(leaf.publicKey), group.keyAlgorithm)
            : []),
        ...lifeProblems(what, leaf, group.validityDays, issuer),
        ...(left < group.renewBeforeDays && !isBoundByIssuer
            ? [`${what} ends in ${left} days, and is to be renewed ${group.renewBeforeDays} before`]
            : []),
    ];
}

function subjectProblems(
    what: string,
    { subject }: X509Certificate,
    commonName: string,
    { organization, country, rootKeys }: Effective,
): string[] {
    const part = (name: string): string | undefined =>
        new RegExp(`^${name}=(.*)$`, "m").exec(subject)?.[1];
    return [
        ...differ(`${what}: CN`, part("CN"), commonName),
        // An offline root signs whatever request it got, the organization of that time in it.
        ...(rootKeys === "offline"
            ? []
            : differ(`${what}: O and C`, [part("O"), part("C")], [organization, country])),
    ];
}

function lifeProblems(
    what: string,
    { validFrom, validTo }: X509Certificate,
    days: number,
    issuer: X509Certificate | undefined,
): string[] {
    const issuerEnd = issuer === undefined ? Infinity : Date.parse(issuer.validTo);
    const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)];
    const expected = Math.min(begin + days * day, issuerEnd);
    return [
        ...(Math.abs(end - expected) > tolerance
            ? [`${what} ends on ${validTo}, and should on ${new Date(expected).toUTCString()}`]
            : []),
        ...(end > issuerEnd ? [`${what} outlives its issuer`] : []),
        ...(end <= begin ? [`${what} ends before it begins`] : []),
    ];
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
    const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
    const curves: Record<string, string> = { prime256v1: "P256", secp384r1: "P384" };
    return asymmetricKeyType === "rsa"
        ? `RSA-${modulusLength}`
        : `ECDSA-${curves[namedCurve ?? ""] ?? namedCurve}`;
}
