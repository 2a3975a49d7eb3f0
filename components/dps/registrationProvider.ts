/*
 * DeviceRegistration: what a device makes of itself at a provisioning service, so that it can be kept out.
 *
 * | method | REST calls | when interrupted |
 * | --- | --- | --- |
 * | check | none; takes the certificate out of the inputs (write-only) | |
 * | create | once a run POST /enrollments/query; for a device that was out, as update | create again |
 * | update | enrollment: GET, PUT or DELETE with its ETag; GET of the registration; its hub: GET /twins/{id}, POST /devices | update again |
 * | read | once a run: GET of the service, POST /enrollments/query, POST /registrations/{group}/query, its hubs' POST /devices/query; for one that is out or in doubt: its hub's GET /twins/{id} | |
 * | delete | of a group that goes, too: as update; else DELETE of what kept the device out | delete again |
 */
import type {
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { configureAzure } from "../azure/clients";
import {
    isDeclared,
    noteDevice,
    noteProgram,
    refuseToDestroyProtected,
    refuseToDropMoved,
    setting,
    wasDropped,
} from "../dynamic/stackSettings";
import { changedKeys, isUnknown, toState } from "../dynamic/values";
import * as writeOnly from "../dynamic/writeOnly";
import { hubRegistryAt } from "../registry/hubRegistry";
import { certificateFacts } from "../x509/certificates";
import { generationOfIssuer, readFormer } from "../pki/formerCertificates";
import { GroupRegistration, PresentEnrollment } from "../enrollments/enrollments";
import { noGroup, noteRevocation } from "./formerGroups";
import { isGenerationDropped } from "./generations";
import { exists, PerService, service, ServiceAddress } from "../enrollments/services";
import {
    cutOff,
    deny,
    hubsOf,
    IdentityFate,
    isCut,
    isDenial,
    isTrusted,
    letIn,
    RegisteringDevice,
    removeDenial,
    removeOwn,
    revokeOthers,
    TrustedCertificates,
} from "./shutOut";

/** As the state keeps them. */
interface Inputs extends ServiceAddress, RegisteringDevice {
    readonly status: "enabled" | "disabled";
    readonly isBlocked: boolean;
    readonly isReserved?: boolean;
    /** SHA-256 thumbprint of the certificate. */
    readonly certificate: string;
    /** See DeviceCertificate. */
    readonly former?: readonly string[];
    readonly left?: IdentityFate;
    readonly key?: string;
}

/** With PEM of the certificate: a device that leaves is kept out by an enrollment, which needs one. */
interface Outputs extends Inputs {
    /**
     * Its hub takes a certificate that this stack did not issue: the group by whose CA somebody registered the device's ID,
     * or {@link unknownTaker}.
     */
    readonly takenBy?: string;
}

/** Is no name of a group. */
const unknownTaker = "?";

export const provider: ResourceProvider<Inputs, Outputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    diff,
    create,
    read,
    update,
    delete: deleteRegistration,
};

async function check(olds: Inputs | undefined, given: Inputs): Promise<CheckResult<Inputs>> {
    noteProgram();
    if (given.left === undefined) {
        noteDevice(given.registrationId);
    }
    const { certificate: pem } = given;
    if (isUnknown(pem)) {
        return { inputs: given };
    }
    const certificate = certificateFacts(pem).sha256Thumbprint;
    writeOnly.put(certificate, pem);
    const inputs = withKnownFormer(olds, { ...given, certificate });
    if (isIssuedFor(inputs) && (inputs.formerGroups ?? []).length > 0) {
        const device = outputs(inputs);
        noteRevocation(device.registrationId, async () => {
            await revokeOthers(service(device), device, trustedCertificates(device));
        });
    }
    return { inputs };
}

/**
 * A preview does not know an output that no state has, as a certificate's former ones before it is first issued again. They
 * are those of the last run as long as the certificate is.
 */
function withKnownFormer(olds: Inputs | undefined, news: Inputs): Inputs {
    const { former, ...others } = news;
    return isUnknown(former) && olds?.certificate === news.certificate
        ? { ...others, ...(olds.former && { former: olds.former }) }
        : news;
}

/** A certificate that is issued anew changes the state alone, unless former ones count no more. */
async function diff(_: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    const replaces = changedKeys(olds, news, ["serviceId", "registrationId"]);
    const changed = changedKeys(olds, news, [
        "status",
        "group",
        "isEnrolled",
        "isListed",
        "owner",
        "left",
    ]);
    const isTaken = olds.takenBy !== undefined;
    const isOther = isRevoking(olds, news) || isRenewed(olds, news) || isTaken;
    return {
        changes: replaces.length + changed.length > 0 || isOther,
        replaces,
        ...(replaces.length > 0 ? { deleteBeforeReplace: true } : {}),
    };
}

/** A refresh compares with the certificates that the state knows. */
function isRenewed(olds: Outputs, news: Inputs): boolean {
    return (
        isIssuedFor(news) &&
        certificateFacts(olds.certificate).sha256Thumbprint !== news.certificate
    );
}

/** Whether its certificate is what it registers with: then the program has a say in what its hub takes. */
function isIssuedFor({ isReserved, left }: Pick<Inputs, "isReserved" | "left">): boolean {
    return isReserved !== true && left === undefined;
}

function isRevoking(olds: Outputs, news: Inputs): boolean {
    const isOtherKey = news.isEnrolled && olds.key !== undefined && olds.key !== news.key;
    return isOtherKey || isCaDropped(olds, news);
}

/** Of its group, or of one that it left. */
function isCaDropped(olds: Outputs, news: Inputs): boolean {
    const own = { group: olds.group, trusted: olds.generations ?? [] };
    return [...(olds.isReserved ? [] : [own]), ...(olds.formerGroups ?? [])].some(
        ({ group, trusted }) => {
            if (group === news.group) {
                return isGenerationDropped(trusted, news.generations ?? []);
            }
            const now = news.formerGroups?.find((one) => one.group === group)?.trusted ?? [];
            return trusted.some((one) => !now.includes(one));
        },
    );
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    const outs = outputs(inputs);
    const present = (await denials(inputs)).get(inputs.registrationId.toLowerCase());
    if (inputs.status === "disabled") {
        await cut(outs, inputs.isEnrolled);
    } else if (
        (present !== undefined && isDenial(present)) ||
        (await registered(inputs)).has(inputs.registrationId)
    ) {
        await free(outs);
    }
    return { id: `${inputs.serviceId}/registrations/${inputs.registrationId}`, outs };
}

async function update(_: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    const outs = outputs(news);
    const isCut = ["status", "group", "isEnrolled", "isListed", "owner", "left"] as const;
    if (news.status === "disabled" && changedKeys(olds, news, isCut).length > 0) {
        await cut({ ...outs, isEnrolled: olds.isEnrolled || news.isEnrolled }, news.isEnrolled);
    } else if (olds.status === "disabled") {
        await free(outs);
    }
    // Also of one that is off: it may be enabled by hand.
    if (isIssuedFor(news) && (isRevoking(olds, news) || olds.takenBy !== undefined)) {
        const takenBy = outs.status === "enabled" ? olds.takenBy : undefined;
        await revokeOthers(service(outs), outs, trustedCertificates(outs), takenBy);
    }
    return { outs };
}

function outputs(inputs: Inputs): Outputs {
    return { ...inputs, certificate: writeOnly.get(inputs.certificate, "the certificate") };
}

/** A device with an enrollment of its own has that disabled already. */
async function cut(device: Outputs, isEnrolled: boolean): Promise<void> {
    if (!isEnrolled) {
        await deny(service(device), device);
    }
    await cutOff(service(device), device, device.left ?? "disabled");
    console.log(
        device.isReserved
            ? `device "${device.registrationId}" is listed on the hub: nobody can register its ID`
            : device.left !== undefined
              ? leftMessage(device.registrationId, device.left)
              : `device "${device.registrationId}" can no longer register or connect to its hub`,
    );
}

function leftMessage(registrationId: string, fate: IdentityFate): string {
    return `device "${registrationId}" left the configuration: it can no longer register, and its identity is ${fate}`;
}

async function free(device: Outputs): Promise<void> {
    const blockedWith = device.isBlocked ? device.group : undefined;
    await letIn(service(device), device, blockedWith, trustedCertificates(device));
}

/**
 * The present one, and former ones of the CAs that are trusted; of the same key, where its own enrollment decides. While a
 * new CA awaits its signature the present one may be of a CA that is trusted no more: then none counts, and the hub's CAs
 * decide.
 */
function trustedCertificates(device: Outputs): TrustedCertificates {
    const { sha1Thumbprint, sha256Thumbprint, keyId } = certificateFacts(device.certificate);
    const isGood = (thumbprint: string, generation: number): boolean => {
        const left = device.formerGroups?.find(({ certificates }) =>
            certificates.some((one) => thumbprint.startsWith(one)),
        );
        const trusted = left === undefined ? device.generations : left.trusted;
        return (
            trusted === undefined ||
            trusted.includes(generation) ||
            (generation === 0 && (left === undefined || trusted.length > 0))
        );
    };
    const isPresentGood = isGood(sha256Thumbprint, generationOfIssuer(device.certificate));
    const former = (device.former ?? [])
        .map(readFormer)
        .filter(
            (one) =>
                isGood(one.thumbprint, one.generation) &&
                (!device.isEnrolled || keyId.startsWith(one.keyId)),
        );
    return {
        present: isPresentGood
            ? { type: "selfSigned", x509Thumbprint: { primaryThumbprint: sha256Thumbprint } }
            : { type: "certificateAuthority" },
        includes: (thumbprint) =>
            (isPresentGood && [sha1Thumbprint, sha256Thumbprint].includes(thumbprint)) ||
            former.some((one) => thumbprint.startsWith(one.thumbprint)),
    };
}

async function read(id: string | undefined, state?: Outputs): Promise<ReadResult<Outputs>> {
    if (state === undefined) {
        throw new Error("a registration cannot be imported: it has no object in Azure");
    }
    if (!(await exists(state.serviceId))) {
        // What kept out a device that left went with the service, and nothing else knows of it.
        return state.left === undefined ? {} : { id, props: { ...state, status: "enabled" } };
    }
    const present = (await denials(state)).get(state.registrationId.toLowerCase());
    const isDenied = present !== undefined && isDenial(present);
    const isOut =
        state.status === "disabled" &&
        present?.provisioningStatus === "disabled" &&
        (await isCut(service(state), state));
    const status = isOut || (state.status === "enabled" && isDenied) ? "disabled" : "enabled";
    const props: Outputs = toState({ ...state, status, takenBy: await takenBy(state) });
    return { id, props };
}

/**
 * Who got its hub to take a certificate that this stack did not issue. Every CA of the service may register every ID (Azure
 * docs: concepts-service), and whoever may write on the hub may write a thumbprint.
 */
async function takenBy(state: Outputs): Promise<string | undefined> {
    const { registrationId, group, status, isReserved, left, hubHostName } = state;
    if (status === "disabled" || isReserved || left !== undefined) {
        return undefined;
    }
    const through = (await registered(state)).get(registrationId);
    const isOthers = through !== undefined && through.group !== group;
    const issued = trustedCertificates(isOthers ? { ...state, generations: undefined } : state);
    // The registration of one with an enrollment of its own is in no group.
    const hubs =
        through === undefined && state.isEnrolled
            ? await hubsOf(service(state), { registrationId, hubHostName, isListed: false })
            : [...new Set([through?.assignedHub ?? hubHostName, hubHostName])];
    for (const hostName of hubs) {
        if (await isTaken(hostName, registrationId, issued)) {
            console.log(
                `device "${registrationId}" of group ${group} ` +
                    (isOthers
                        ? `registered with a certificate of group ${through.group}, which ${hostName} accepts instead of the device's certificate`
                        : `is identified on ${hostName} by a certificate that this stack did not issue`) +
                    `; "pulumi up --refresh" restores ${isOthers ? "it" : "the device's certificate"}`,
            );
            return isOthers ? through.group : unknownTaker;
        }
    }
    return undefined;
}

/** Reads the device itself only where the index has it with another certificate. */
async function isTaken(
    hostName: string,
    registrationId: string,
    issued: TrustedCertificates,
): Promise<boolean> {
    const hub = await hubRegistryAt(hostName);
    try {
        const indexed = (await hub.selfSigned()).get(registrationId);
        if (indexed === undefined || isTrusted(indexed, issued)) {
            return false;
        }
        const present = await hub.atOnce.get(registrationId);
        return present !== undefined && !isTrusted(present, issued);
    } catch (error) {
        if (!untold.has(hostName)) {
            untold.add(hostName);
            console.log(
                `warning: the certificates by which ${hostName} identifies devices cannot be read: ${(error as Error).message}`,
            );
        }
        return false;
    }
}

/** Hubs of which that was said. */
const untold = new Set<string>();

/** A group that goes takes along what it lets in; in a fleet with stacks of its own it goes first. */
async function areGroupsGone({ group, formerGroups = [], ...address }: Outputs): Promise<boolean> {
    for (const name of [group, ...formerGroups.map((one) => one.group)]) {
        const isThere = name !== noGroup && (await service(address).get("group", name));
        if (isThere) {
            return false;
        }
    }
    return true;
}

/**
 * A device that is still in the configuration is one that the program lists now: it stays on the stack's own hub alone.
 * In a destroy the service goes with all that it knows.
 */
async function deleteRegistration(_: string, state: Outputs): Promise<void> {
    const { registrationId, status } = state;
    refuseToDropMoved(`the registration of device "${registrationId}"`);
    refuseToDestroyProtected(`the registration of device "${registrationId}"`);
    if (!(await exists(state.serviceId))) {
        return;
    }
    if (wasDropped(registrationId) && state.left === undefined) {
        const fate = setting("pruneDevices") === "false" ? "disabled" : "deleted";
        await ((await areGroupsGone(state))
            ? removeOwn(service(state), state)
            : deny(service(state), state));
        await cutOff(service(state), state, fate);
        console.log(leftMessage(registrationId, fate));
        return;
    }
    if (isDeclared() && isIssuedFor(state)) {
        await cutOff(service(state), { ...state, isListed: true }, "deleted");
    }
    if (status === "disabled") {
        await removeDenial(service(state), registrationId);
    }
}

const individuals = new PerService((enrollments) => enrollments.individuals());
const groups = new PerService((enrollments) => enrollments.registeredByGroup());

/** The individual enrollments of the service. */
function denials(address: ServiceAddress): Promise<ReadonlyMap<string, PresentEnrollment>> {
    return individuals.of(address);
}

function registered(address: ServiceAddress): Promise<ReadonlyMap<string, GroupRegistration>> {
    return groups.of(address);
}
