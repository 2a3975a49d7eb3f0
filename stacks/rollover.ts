import { X509Certificate } from "crypto";
import { issuerId, readFormer } from "../components/pki/formerCertificates";
import { Dependent, LeavingCa } from "../components/registry/rolloverEvidence";
import { certificateFacts } from "../components/x509/certificates";
import { KnownSettings, TrustedIssuers, trustedAfter } from "./cutOff";
import { isListed, registersAtDps } from "./deviceProvisioning";
import { deviceTypes, PreviousState } from "./previousState";
import { GroupSettings } from "./settings";

const authorityType = "iot-x509:pki:CertificateAuthority";

/** A group's CA in a state. */
export interface HeldIntermediate {
    readonly group: string;
    readonly generation: number;
    readonly subject: string;
}

/** The intermediates of a state, by group and generation. */
export function heldIntermediates(previous: PreviousState): HeldIntermediate[] {
    return [...previous.all(authorityType)].flatMap(([name, { certificate }]) => {
        const [, group, generation] = /^(.+)-g(\d+)$/.exec(name) ?? [];
        if (group === undefined || typeof certificate !== "string" || certificate === "") {
            return [];
        }
        const { subject } = new X509Certificate(certificate);
        return [{ group, generation: Number(generation), subject }];
    });
}

/**
 * The CAs that neither the hub nor the provisioning service trusts any more after the run, each with the devices that have
 * certificates of it. Without those of blocked groups, which must act at once.
 *
 * @param previous state of the hub's stack
 * @param holders states of the stacks that hold the devices
 */
export function leavingCas(
    settings: KnownSettings,
    previous: PreviousState,
    holders: readonly PreviousState[],
    now: Date,
): LeavingCa[] {
    const held = heldIntermediates(previous);
    const trusted = trustedAfter(settings, previous);
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    const stays = (ca: HeldIntermediate): boolean => isTrusted(ca, groups.get(ca.group), trusted);
    const staying = held.filter(stays);
    const groupsOfDevices = new Map(settings.devices.map(({ id, group }) => [id, group]));
    const isKept = (id: string): boolean => {
        const group = groupsOfDevices.get(id);
        return group !== undefined && isListed(groups.get(group));
    };
    const states = [deviceTypes.certificate, deviceTypes.registration].flatMap((type) =>
        holders.flatMap((holder) => [...holder.all(type).keys()]),
    );
    const knownIds = [...new Set([...states, ...settings.devices.map(({ id }) => id)])];
    return held
        .filter((ca) => !stays(ca) && groups.get(ca.group)?.blocked !== true)
        .map((ca) => {
            const devices = holders
                .flatMap((holder) =>
                    dependents(ca, settings, holder, (subject) => isAmong(subject, staying), now),
                )
                .filter(({ id }) => !(isBelowTrustedRoot(ca, settings, trusted) && isKept(id)));
            return {
                group: ca.group,
                generation: ca.generation,
                stays: howItStays(ca, settings, trusted),
                staying: staying
                    .filter(({ group }) => group === ca.group)
                    .map(({ subject, generation }) => ({ subject, generation })),
                devices,
                others: enabledOthers(settings, devices),
                known:
                    previous.find(deviceTypes.enrollmentGroup, ca.group) === undefined
                        ? undefined
                        : knownIds,
            };
        });
}

/** What keeps a CA: what the run changes, as it was. */
function howItStays(
    { group: name, generation, subject }: HeldIntermediate,
    { pki, groups }: KnownSettings,
    { onHub }: TrustedIssuers,
): string {
    const group = groups.find((one) => one.name === name);
    const path = `groups.${name}.intermediate`;
    if (group === undefined) {
        return `keep the group ${name}`;
    }
    if (pki.trust === "root" && onHub?.has(subject) === false) {
        const isManaged = pki.root.certificatePem === undefined;
        return `leave the present root as it is${isManaged ? ", and raise pki.root.generation for another one" : ""}`;
    }
    const present = group.intermediate.generation;
    if (generation > present) {
        return `leave ${path}.generation at ${generation}`;
    }
    return present === generation
        ? `leave its name and algorithm as they are; for others, set ${path}.generation to ${generation + 1} and ${path}.retain to [${generation}]`
        : `add ${generation} to ${path}.retain`;
}

/** The devices that the configuration enables, without those that a state shows to depend on the CA. */
export function enabledOthers(
    { devices }: Pick<KnownSettings, "devices">,
    dependent: readonly Dependent[],
): string[] {
    const ids = new Set(dependent.map(({ id }) => id));
    return devices
        .filter(({ id, status }) => status === "enabled" && !ids.has(id))
        .map(({ id }) => id);
}

/** A generation that stays has its name in the settings, even if its key is not yet in the state. */
function isTrusted(
    { subject }: HeldIntermediate,
    group: GroupSettings | undefined,
    { onHub, atService }: TrustedIssuers,
): boolean {
    return (
        group !== undefined &&
        !group.blocked &&
        (!isListed(group) || onHub === undefined || onHub.has(subject)) &&
        (!registersAtDps(group) || atService.has(subject))
    );
}

/** Whether the hub accepts a CA's certificates for whoever is on its list, although the CA's group is gone. */
function isBelowTrustedRoot(
    { subject }: HeldIntermediate,
    { pki }: KnownSettings,
    { onHub }: TrustedIssuers,
): boolean {
    return pki.trust === "root" && (onHub === undefined || onHub.has(subject));
}

function isAmong(subject: string, held: readonly HeldIntermediate[]): boolean {
    return held.some((ca) => ca.subject === subject);
}

/** Devices in a state that have, or may still have, a certificate of a CA. */
export function dependents(
    ca: HeldIntermediate,
    { devices, groups }: KnownSettings,
    holder: PreviousState,
    isStaying: (subject: string) => boolean,
    now: Date,
): Dependent[] {
    const wanted = new Map(devices.map((device) => [device.id, device]));
    const groupStays = groups.some(({ name }) => name === ca.group);
    return [...holder.all(deviceTypes.certificate)].flatMap(([id, { certificate, former }]) => {
        const device = wanted.get(id);
        const registration = holder.find(deviceTypes.registration, id);
        const identity = holder.find(deviceTypes.identity, id) ?? registration;
        const isOff =
            identity?.["status"] === "disabled" ||
            device?.status === "disabled" ||
            // It was taken out by name.
            (device === undefined && groupStays);
        if (isOff) {
            return [];
        }
        const present = typeof certificate === "string" ? new X509Certificate(certificate) : null;
        const group = device?.group ?? registration?.["group"];
        const ends = [
            ...(present?.issuer === ca.subject ? [new Date(present.validTo)] : []),
            ...((former ?? []) as readonly string[])
                .map(readFormer)
                .filter((one) =>
                    one.issuer === undefined
                        ? group === ca.group && one.generation === ca.generation
                        : one.issuer === issuerId(ca.subject),
                )
                .map(({ end }) => new Date(`${end}T23:59:59.000Z`)),
        ].filter((end) => end > now);
        const isNext = present !== null && isStaying(present.issuer);
        return ends.length === 0
            ? []
            : [
                  {
                      id,
                      until: new Date(Math.max(...ends.map(Number))).toISOString(),
                      next: isNext ? thumbprints(present.toString()) : [],
                  },
              ];
    });
}

function thumbprints(pem: string): string[] {
    const { sha1Thumbprint, sha256Thumbprint } = certificateFacts(pem);
    return [sha1Thumbprint, sha256Thumbprint];
}
