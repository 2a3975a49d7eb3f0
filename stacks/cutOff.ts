import { X509Certificate } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { firstOf } from "../components/dynamic/nameList";
import { generationOfIssuer } from "../components/pki/formerCertificates";
import { isSameResourceName } from "../components/azure/sameName";
import { rateLimitServerVariable } from "../components/dynamic/runVariables";
import { kindOf } from "./deviceKinds/deviceKinds";
import { isListed, registersAtDps } from "./deviceProvisioning";
import { deviceTypes, Outputs, PreviousState } from "./previousState";
import { wantedName } from "./wantedName";
import { PriorCas, PriorRoot } from "./priorCas";
import { userError } from "./userError";
import {
    DeviceSettings,
    GroupSettings,
    intermediateCommonName,
    rootName,
    Settings,
} from "./settings";

/** A device that can connect with its current credentials, but not after the run. */
export interface CutOff {
    readonly device: string;
    /** e.g. `leaves the configuration`. */
    readonly why: string;
}

/** Settings that can be read without the key of the stack's secrets. */
export type KnownSettings = Omit<Settings, "organization"> & {
    readonly organization: string | undefined;
};

/** A refusal names this many devices; the rest are counted. */
const named = 10;
/** Without `maxCutOff`, a run may cut off one device in this many, and a few in any case. */
const share = 10;
const always = 5;

/**
 * Emptying a table by mistake, checking out an old branch or forgetting `retain` would cut the fleet off. A run that cuts
 * off more devices than `maxCutOff` ends before anything is declared, already in the preview. `npm run fleet` checks all
 * stacks of a fleet together.
 *
 * @throws RunError that names devices and reasons, and says how to proceed
 */
export function refuseToCutOff(settings: Settings, previous: PreviousState): void {
    const message =
        process.env[rateLimitServerVariable] === undefined && tooMany(settings, previous);
    if (message) {
        throw userError(message);
    }
}

/**
 * Reports, in the preview and again in the run, which devices can connect today but not after the run, however few.
 * `npm run fleet` reports it for all stacks of a fleet.
 */
export function announceCutOff(settings: Settings, previous: PreviousState): void {
    const text =
        process.env[rateLimitServerVariable] === undefined && cutOffText(settings, previous);
    if (text) {
        void pulumi.log.info(text);
    }
}

/** Undefined if no device is cut off. */
export function cutOffText(settings: KnownSettings, previous: PreviousState): string | undefined {
    const lost = devicesCutOff(settings, previous);
    return lost.length === 0
        ? undefined
        : [
              `refused from this run on by the hub and the provisioning service, with the certificates that they have now: ${lost.length} devices`,
              ...listed(lost),
          ].join("\n");
}

function listed(lost: readonly CutOff[]): string[] {
    const lines = lost.map(({ device, why }) => `${device}: ${why}`);
    return firstOf(lines, named).map((line) => `  ${line}`);
}

/**
 * Why a run must not proceed; undefined if it may.
 *
 * @param settings without `organization` if it is not known
 */
export function tooMany(settings: KnownSettings, previous: PreviousState): string | undefined {
    if (settings.maxCutOff === "unlimited") {
        return undefined;
    }
    const known = devicesIn(previous);
    const limit = settings.maxCutOff ?? Math.max(always, Math.ceil(known.length / share));
    const lost = devicesCutOff(settings, previous);
    if (lost.length <= limit) {
        return undefined;
    }
    const origin =
        settings.maxCutOff === undefined
            ? `without iot-x509:maxCutOff: a tenth of the ${known.length} devices, at least ${always}`
            : "iot-x509:maxCutOff";
    return [
        `this run would cut off ${lost.length} devices that can connect today; at most ${limit} are ` +
            `allowed (${origin}). Nothing was changed.`,
        ...listed(lost),
        `If this is intended: pulumi config set iot-x509:maxCutOff ${lost.length}; restore the setting afterwards.`,
    ].join("\n");
}

/** The devices of a state. */
function devicesIn(previous: PreviousState): string[] {
    const identities = previous.all(deviceTypes.identity).keys();
    const certificates = previous.all(deviceTypes.certificate).keys();
    return [...new Set([...identities, ...certificates])];
}

/** What was found, because a run asks more than once and each certificate takes a tenth of a millisecond. */
const found = new WeakMap<PreviousState, WeakMap<KnownSettings, readonly CutOff[]>>();

/** In the order of the state. */
export function devicesCutOff(settings: KnownSettings, previous: PreviousState): readonly CutOff[] {
    const bySettings = found.get(previous) ?? new WeakMap<KnownSettings, readonly CutOff[]>();
    const lost = bySettings.get(settings) ?? findCutOff(settings, previous);
    found.set(previous, bySettings.set(settings, lost));
    return lost;
}

function findCutOff(settings: KnownSettings, previous: PreviousState): readonly CutOff[] {
    const wanted = new Map(settings.devices.map((device) => [device.id, device]));
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    const hubWhy = otherHub(settings, previous);
    const trusted = trustedAfter(settings, previous);
    return devicesIn(previous).flatMap((id) => {
        const device = wanted.get(id);
        const group = device?.group === undefined ? undefined : groups.get(device.group);
        const identity = previous.find(deviceTypes.identity, id);
        const certificate = previous.find(deviceTypes.certificate, id);
        const registration = previous.find(deviceTypes.registration, id);
        if ((identity ?? registration)?.["status"] === "disabled") {
            return [];
        }
        if (group?.blocked) {
            // Nothing lets a device in once its group is blocked, so no other reason matters.
            const why = device && whyDisabled(device, group, identity, previous);
            return why === undefined ? [] : [{ device: id, why }];
        }
        const why =
            device === undefined
                ? "leaves the configuration"
                : (whyDisabled(device, group, identity, previous) ??
                  whyUnlisted(settings, group, identity) ??
                  (isListed(group) ? hubWhy : undefined) ??
                  whyUnknown(device, identity, certificate) ??
                  whyOtherKey(device, group, certificate) ??
                  whyUntrusted(
                      device,
                      group,
                      certificate,
                      isListed(group) ? trusted.onHub : trusted.atService,
                  ));
        return why === undefined ? [] : [{ device: id, why }];
    });
}

/** Subjects of the present intermediates that remain trusted. */
export interface TrustedIssuers {
    /** Undefined: all. */
    readonly onHub: ReadonlySet<string> | undefined;
    readonly atService: ReadonlySet<string>;
}

export function trustedAfter(settings: KnownSettings, previous: PreviousState): TrustedIssuers {
    return {
        onHub:
            settings.pki.trust === "root"
                ? issuersUnderRoots(settings, previous)
                : issuersAfter(settings, previous, isListed),
        // Enrollment groups name intermediates, whatever the hub trusts.
        atService: issuersAfter(settings, previous, registersAtDps),
    };
}

function whyDisabled(
    device: DeviceSettings,
    group: GroupSettings | undefined,
    identity: Outputs | undefined,
    previous: PreviousState,
): string | undefined {
    if (group?.blocked) {
        const enrollment = previous.find(deviceTypes.enrollmentGroup, group.name);
        const wasBlocked =
            identity === undefined && enrollment?.["provisioningStatus"] === "disabled";
        return wasBlocked ? undefined : `its group ${group.name} is blocked`;
    }
    return device.status === "disabled" ? "is disabled" : undefined;
}

/** With `pruneDevices: false` the identity stays, and can connect as long as the hub trusts its CA. */
function whyUnlisted(
    { pruneDevices, pki }: KnownSettings,
    group: GroupSettings | undefined,
    identity: Outputs | undefined,
): string | undefined {
    const staysTrusted = !pruneDevices && pki.trust === "root";
    return !isListed(group) && identity !== undefined && !staysTrusted
        ? "leaves the hub's list until it registers at the provisioning service"
        : undefined;
}

/** Devices are configured with the name of their hub; only those that use the provisioning service ask for it. */
function otherHub({ hub }: KnownSettings, previous: PreviousState): string | undefined {
    const present = (previous.outputs["hub"] as { readonly name?: unknown } | undefined)?.name;
    if (typeof present !== "string") {
        return undefined;
    }
    const wanted = wantedName(hub, "iot", previous);
    return wanted !== undefined && isSameResourceName(wanted, present)
        ? undefined
        : `its hub ${present} is replaced by one of another name`;
}

/** Why the hub no longer recognizes the device by what it compares today; undefined if it does. */
function whyUnknown(
    { authentication }: DeviceSettings,
    identity: Outputs | undefined,
    certificate: Outputs | undefined,
): string | undefined {
    const known = identity?.["thumbprints"] as readonly string[] | undefined;
    const { thumbprints: next } = kindOf(authentication).identity(authentication);
    if (next === undefined) {
        return known === undefined ? undefined : "needs a certificate of its group's CA";
    }
    const held = known ?? thumbprintsOf(certificate?.["certificate"]);
    return held.some((one) => next.includes(one))
        ? undefined
        : "none of its current thumbprints is kept";
}

/** An individual enrollment accepts only those former certificates that have the same key. */
function whyOtherKey(
    { authentication, individualEnrollment }: DeviceSettings,
    group: GroupSettings | undefined,
    certificate: Outputs | undefined,
): string | undefined {
    const pem = certificate?.["certificate"];
    const kind = kindOf(authentication).certificate;
    if (!individualEnrollment || typeof pem !== "string" || kind === undefined) {
        return undefined;
    }
    const held = { certificate: new X509Certificate(pem), key: certificate?.["key"] };
    return kind.keepsKey(authentication, group, held)
        ? undefined
        : "gets another key, and its enrollment drops the current one";
}

function thumbprintsOf(pem: unknown): readonly string[] {
    if (typeof pem !== "string") {
        return [];
    }
    const { fingerprint, fingerprint256 } = new X509Certificate(pem);
    return [fingerprint, fingerprint256].map((one) => one.replace(/:/g, ""));
}

function whyUntrusted(
    { authentication, individualEnrollment }: DeviceSettings,
    group: GroupSettings | undefined,
    certificate: Outputs | undefined,
    trusted: ReadonlySet<string> | undefined,
): string | undefined {
    const pem = certificate?.["certificate"];
    const isSigned = kindOf(authentication).certificate !== undefined;
    if (!isSigned || typeof pem !== "string" || trusted === undefined) {
        return undefined;
    }
    const { issuer } = new X509Certificate(pem);
    // The individual enrollment knows the certificate, and accepts the former one while its CA's generation is in use.
    const { generation = 0, retain = [] } = group?.intermediate ?? {};
    const isKnown =
        individualEnrollment && [generation, ...retain].includes(generationOfIssuer(pem));
    return isKnown || trusted.has(issuer)
        ? undefined
        : `its CA "${nameIn(issuer)}" is no longer trusted, and is not among the retained generations`;
}

function nameIn(subject: string): string {
    return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
}

/**
 * Subjects of the intermediates whose root stays; undefined: all stay. If the root is trusted, devices send their
 * intermediates along.
 */
export function issuersUnderRoots(
    settings: KnownSettings,
    previous: PreviousState,
): ReadonlySet<string> | undefined {
    const prior = new PriorCas(previous);
    const { root } = settings.pki;
    if (root.certificatePem !== undefined) {
        const { fingerprint256 } = new X509Certificate(root.certificatePem);
        const before = thumbprintOfRoot(previous);
        const isSame = before === undefined || before === fingerprint256.replace(/:/g, "");
        return isSame ? undefined : new Set();
    }
    const wanted = settings.groups.flatMap(({ name, intermediate }) =>
        [intermediate.generation, ...intermediate.retain].map((one) => `${name}-g${one}`),
    );
    const inUse = new Set(wanted.map((name) => prior.rootOf(name)));
    const stays = (name: string): boolean =>
        name === rootName(root.generation)
            ? isSameRoot(settings, prior.root(name))
            : inUse.has(name);
    const subjects = prior.intermediates().flatMap((name) => {
        const signer = prior.rootOf(name);
        const certificate = prior.intermediate(name);
        return signer !== undefined && certificate !== undefined && stays(signer)
            ? [new X509Certificate(certificate.pem).subject]
            : [];
    });
    return new Set(subjects);
}

function thumbprintOfRoot({ outputs }: PreviousState): unknown {
    const shown = outputs["certificateAuthorities"] as
        { readonly root?: { readonly sha256Thumbprint?: unknown } } | undefined;
    return shown?.root?.sha256Thumbprint;
}

function isSameRoot(
    { organization, country, pki }: KnownSettings,
    before: PriorRoot | undefined,
): boolean {
    return (
        before !== undefined &&
        before.commonName === pki.root.commonName &&
        before.keyAlgorithm === pki.root.keyAlgorithm &&
        (organization === undefined ||
            (before.organization === organization && before.country === country))
    );
}

/** Subjects of the current intermediates that remain trusted: those that keep name and key. */
function issuersAfter(
    settings: KnownSettings,
    previous: PreviousState,
    isUploaded: (group: GroupSettings) => boolean,
): ReadonlySet<string> {
    const prior = new PriorCas(previous);
    const subjects = settings.groups
        .filter((group) => !group.blocked && isUploaded(group))
        .flatMap((group) => {
            const { generation, retain } = group.intermediate;
            return [generation, ...retain].map((one) => issuerAfter(settings, group, one, prior));
        });
    return new Set(subjects.filter((subject) => subject !== undefined));
}

function issuerAfter(
    { organization, country }: KnownSettings,
    { name, intermediate }: GroupSettings,
    generation: number,
    prior: PriorCas,
): string | undefined {
    const given = intermediate.certificatePems[generation];
    if (given !== undefined) {
        return new X509Certificate(given).subject;
    }
    const present = prior.intermediate(`${name}-g${generation}`);
    if (present === undefined) {
        return undefined;
    }
    const { subject } = new X509Certificate(present.pem);
    if (generation !== intermediate.generation) {
        return subject;
    }
    // Node.js escapes the same characters as RFC 2253.
    const parts = subject.replace(/\\(.)/g, "$1").split("\n");
    const wanted = [
        ...(organization === undefined
            ? parts.filter((part) => !part.startsWith("CN="))
            : [...(country === undefined ? [] : [`C=${country}`]), `O=${organization}`]),
        `CN=${intermediateCommonName(intermediate.commonName, generation)}`,
    ];
    const isSame =
        parts.sort().join("\n") === wanted.sort().join("\n") &&
        prior.keyAlgorithm(`${name}-g${generation}`) === intermediate.keyAlgorithm;
    return isSame ? subject : undefined;
}
