import { X509Certificate } from "crypto";
import { WalkConfig } from "../model/config";
import { effective, EffectiveDevice } from "../model/effective";
import { HubDump } from "../real/dump";
import { Credential, Field } from "../real/field";
import { Standing, Watch } from "../real/watch";
import { isTrusted, mustConnect } from "./acceptance";
import { resource, Seen } from "./seen";

/** What a visit of all devices after a run found. */
export interface FieldReport {
    readonly problems: readonly string[];
    /** How each device stands in the field from now on. */
    readonly standing: readonly Standing[];
}

export interface FieldTrip {
    readonly config: WalkConfig;
    readonly seen: Seen;
    readonly field: Field;
    readonly watch: Watch;
    /** The hub before the run; undefined: there was none. */
    readonly hubBefore: HubDump | undefined;
    readonly authorities: ReadonlyMap<string, string>;
    readonly pending: readonly string[];
    /** Devices that may be out for a moment. */
    readonly mayPause: ReadonlySet<string>;
    readonly thumbprints: ReadonlyMap<string, readonly string[]>;
    /** The linked hub of somebody else, to which a device may be sent. */
    readonly idScope: string | undefined;
}

/** Lets every device connect with what it was given now and with what it had before. */
export async function visit(trip: FieldTrip): Promise<FieldReport> {
    const { config, watch } = trip;
    const { devices } = effective(config);
    const problems: string[] = [];
    const standing: Standing[] = [];
    for (const device of devices) {
        const before = watch.devices.find((one) => one.id === device.id);
        const credential = await presentCredential(trip, device);
        const isRegistered = device.group?.provisioning === "dps";
        problems.push(...(await formerProblems(trip, device, before)));
        if (credential === undefined) {
            // A CA that awaits its signature signs nothing: what a device has goes on.
            standing.push(...(before ? [before] : []));
            continue;
        }
        const report = isRegistered
            ? await registering(trip, device, credential, before)
            : await listed(trip, device, credential);
        problems.push(...report.problems);
        standing.push(...report.standing);
    }
    for (const gone of watch.devices.filter(({ id }) => !devices.some((one) => one.id === id))) {
        if (await trip.field.connects(trip.seen.hub.hostName, gone.id, gone.credential)) {
            problems.push(`${gone.id} left the settings, and its hub lets it in`);
        }
        if (await trip.field.register(trip.idScope ?? "", gone.id, gone.credential)) {
            problems.push(`${gone.id} left the settings, and can register`);
        }
    }
    return { problems, standing };
}

async function presentCredential(
    { seen, field, authorities, pending }: FieldTrip,
    device: EffectiveDevice,
): Promise<Credential | undefined> {
    if (device.kind === "thumbprint") {
        return (await field.ownKey(device.id, device.own)).selfSigned;
    }
    const { certificate, privateKey } =
        resource(seen, "DeviceCertificate", device.id)?.outputs ?? {};
    const issuer = device.group?.authorities[0].name ?? "";
    if (typeof certificate !== "string" || pending.includes(issuer)) {
        return undefined;
    }
    const key =
        typeof privateKey === "string"
            ? privateKey
            : (await field.ownKey(device.id, device.own)).requestKeyPem;
    const chain = `${certificate.trimEnd()}\n${authorities.get(issuer) ?? ""}`;
    return { chain, key, leaf: new X509Certificate(certificate) };
}

/** Whether what a device had before the run works as it should, now and all the time in between. */
async function formerProblems(
    trip: FieldTrip,
    device: EffectiveDevice,
    before: Standing | undefined,
): Promise<string[]> {
    const { seen, watch, hubBefore, pending, mayPause, field } = trip;
    if (before === undefined) {
        return [];
    }
    const { id, credential, host } = before;
    const isSameHub = hubBefore?.id.toLowerCase() === seen.hub.id.toLowerCase();
    const isOwnHub = host === seen.hub.hostName;
    const issuer = /^CN=(.*)$/m.exec(credential.leaf.issuer)?.[1];
    // Whoever drops a generation without retaining it asks for its devices to be cut off, signed successor or not.
    const isPending =
        device.group !== undefined &&
        pending.includes(device.group.authorities[0].name) &&
        device.group.authorities.some(({ commonName }) => commonName === issuer);
    const isOff = device.status === "disabled" || device.group?.blocked === true;
    const isRegistered = device.group?.provisioning === "dps";
    // Its identity trusts a thumbprint, of which the program must see to it that it counts no more.
    const revocation = isRegistered ? revocationOf(trip, device, credential) : "none";
    const wasRegistered =
        hubBefore?.devices.find((one) => one.deviceId === id)?.authentication.type === "selfSigned";
    const must =
        !isOff &&
        // A CA that is signed anew by another root goes on meanwhile, and so do its devices.
        (isPending ||
            (isRegistered
                ? // What registered stays on its hub; who was listed must register first.
                  wasRegistered && isSameHub && revocation !== "certain"
                : mustConnect(
                      device,
                      credential,
                      seen.hub.certificates,
                      thumbprintsOf(trip, id),
                      seen.now,
                  )));
    const connects = await field.connects(host, id, credential);
    const refusals = watch.refusals.get(id) ?? [];
    // Of a hub that was replaced, or that another device registered anew at, nothing can be asked meanwhile.
    const isJudged = must && isSameHub && isOwnHub && revocation !== "unjudged";
    const isGap = isJudged && refusals.length > 0 && !mayPause.has(id);
    const at = refusals.map((one) => one.toFixed(1)).slice(0, 5);
    return [
        ...(connects === must ||
        (!isOwnHub && !isRegistered) ||
        (isRegistered && !must && !isOff && revocation !== "certain") ||
        revocation === "unjudged"
            ? []
            : [`${id} ${must ? "is refused" : "is let in"} with what it had before the run`]),
        ...(isGap ? [`${id} was refused in the middle of the run, at ${at.join(", ")} s`] : []),
    ];
}

/**
 * Whether what a device registered with counts no more: its CA's generation was dropped, or its own enrollment has another
 * key. Of a device that came from another group, or whose CA has another name, that is not judged.
 */
function revocationOf(
    { seen }: FieldTrip,
    { id, group, isEnrolledAlone }: EffectiveDevice,
    { leaf }: Credential,
): "none" | "certain" | "unjudged" {
    const names = /^CN=(.*) G(\d+)$/m;
    const [, issuer, generation] = names.exec(leaf.issuer) ?? [];
    const [, own] = names.exec(`CN=${group?.authorities[0].commonName}`) ?? [];
    const { certificate } = resource(seen, "DeviceCertificate", id)?.outputs ?? {};
    const isRekeyed =
        typeof certificate === "string" &&
        !new X509Certificate(certificate).publicKey.equals(leaf.publicKey);
    if (issuer !== own || group === undefined) {
        return "unjudged";
    }
    const isDropped = ![group.generation, ...group.retain].includes(Number(generation));
    return isDropped || (isEnrolledAlone && isRekeyed) ? "certain" : "none";
}

function thumbprintsOf({ thumbprints }: FieldTrip, id: string): readonly string[] {
    return thumbprints.get(id) ?? [];
}

async function listed(
    trip: FieldTrip,
    device: EffectiveDevice,
    credential: Credential,
): Promise<FieldReport> {
    const { seen, field } = trip;
    const { hostName: host, certificates } = seen.hub;
    const thumbprints = thumbprintsOf(trip, device.id);
    const must = mustConnect(device, credential, certificates, thumbprints, seen.now);
    const isOn = device.status === "enabled" && !(device.group?.blocked ?? false);
    const connects = await field.connects(host, device.id, credential);
    return {
        problems: [
            ...(isOn && !must ? [`${device.id} holds what its hub cannot trust`] : []),
            ...(connects === must
                ? []
                : [`${device.id} ${must ? "is refused" : "is let in"} with what it has now`]),
        ],
        standing: must ? [{ id: device.id, host, credential }] : [],
    };
}

/** A device that the provisioning service makes: with its former certificate where that is still good, then the present. */
async function registering(
    trip: FieldTrip,
    device: EffectiveDevice,
    credential: Credential,
    before: Standing | undefined,
): Promise<FieldReport> {
    const { seen, field, idScope = "" } = trip;
    const { id, group, status } = device;
    const isOff = group?.blocked === true || status === "disabled";
    const problems: string[] = [];
    if (before !== undefined && before.credential.leaf.raw.compare(credential.leaf.raw) !== 0) {
        const must = !isOff && isFormerEnrolled(trip, device, before.credential, credential);
        const host = await field.register(idScope, id, before.credential);
        if (must && host === undefined) {
            problems.push(`${id} cannot register with the certificate it had before the run`);
        }
    }
    const host = await field.register(idScope, id, credential);
    if ((host === undefined) !== isOff) {
        problems.push(`${id} ${isOff ? "can" : "cannot"} register with what it has now`);
    }
    if (host !== undefined && !isOff && !(await field.connects(host, id, credential))) {
        problems.push(`${id} is refused by the hub that it was assigned to`);
    }
    const isElsewhere = host !== undefined && host !== seen.hub.hostName;
    const standing = host === undefined || isElsewhere ? [] : [{ id, host, credential }];
    return { problems, standing };
}

/**
 * A former certificate stays enrolled: under its group's CAs, or by itself as long as its key is the device's. Below a trusted
 * root, what the device sends must lead to the root that the service has (Azure docs: DPS device chain requirements).
 */
function isFormerEnrolled(
    { config, authorities, seen }: FieldTrip,
    { group, isEnrolledAlone }: EffectiveDevice,
    former: Credential,
    present: Credential,
): boolean {
    if (isEnrolledAlone) {
        const key = (one: Credential) => one.leaf.publicKey.export({ type: "spki", format: "der" });
        return key(former).equals(key(present)) && Date.parse(former.leaf.validTo) > seen.now;
    }
    const trusted = (group?.authorities ?? []).flatMap(({ name }) => authorities.get(name) ?? []);
    const verified = (seen.service?.certificates ?? []).filter(({ isVerified }) => isVerified);
    const roots = verified.map(({ pem }) => pem);
    const isChained = effective(config).trust !== "root" || isTrusted(former, roots, seen.now);
    return isTrusted(former, trusted, seen.now) && isChained;
}
