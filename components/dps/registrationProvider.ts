/*
 * DeviceRegistration: what a device creates by registering at a provisioning service, so that it can be cut off.
 *
 * | method | REST calls | when interrupted |
 * | --- | --- | --- |
 * | check | none; takes the certificate out of the inputs (write-only) | |
 * | create | once per run POST /enrollments/query; for a device that was cut off, as update | create again |
 * | update | enrollment: GET, PUT or DELETE with its ETag; GET of the registration; its hub: GET /twins/{id}, POST /devices | update again |
 * | read | once per run: GET of the service, POST /enrollments/query, POST /registrations/{group}/query, its hubs' POST /devices/query; for a device that is cut off or in doubt: its hub's GET /twins/{id} | |
 * | delete | if its group is removed, too: as update; else DELETE of its denial | delete again |
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
    letIn,
    RegisteringDevice,
    removeDenial,
    removeOwn,
    revokeOthers,
} from "./shutOut";
import { isTrusted, TrustedCertificates, trustedCertificates } from "./trustedCertificates";

/** Inputs as the state stores them. */
interface Inputs extends ServiceAddress, RegisteringDevice {
    readonly status: "enabled" | "disabled";
    readonly isBlocked: boolean;
    readonly isReserved?: boolean;
    /** SHA-256 thumbprint of the certificate. */
    readonly certificate: string;
    /** See {@link DeviceCertificate.former}. */
    readonly former?: readonly string[];
    readonly left?: IdentityFate;
    readonly key?: string;
}

/** Includes the PEM of the certificate, because the enrollment that denies a device that leaves needs one. */
interface Outputs extends Inputs {
    /**
     * Set if its hub accepts a certificate that this stack did not issue: the group by whose CA somebody registered the
     * device's ID, or {@link unknownTaker}.
     */
    readonly takenBy?: string;
}

/** Not a valid name of a group. */
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
 * Takes the former certificates from the last run if the certificate is unchanged. A preview does not know outputs that are
 * missing in the state, such as former certificates before the first reissue.
 */
function withKnownFormer(olds: Inputs | undefined, news: Inputs): Inputs {
    const { former, ...others } = news;
    return isUnknown(former) && olds?.certificate === news.certificate
        ? { ...others, ...(olds.former && { former: olds.former }) }
        : news;
}

/** A reissued certificate changes only the state, unless it revokes former ones. */
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

/** A refresh compares with the certificates in the state. */
function isRenewed(olds: Outputs, news: Inputs): boolean {
    return (
        isIssuedFor(news) &&
        certificateFacts(olds.certificate).sha256Thumbprint !== news.certificate
    );
}

/** Whether it registers with its certificate; then the program decides which certificates its hub accepts. */
function isIssuedFor({ isReserved, left }: Pick<Inputs, "isReserved" | "left">): boolean {
    return isReserved !== true && left === undefined;
}

function isRevoking(olds: Outputs, news: Inputs): boolean {
    const isOtherKey = news.isEnrolled && olds.key !== undefined && olds.key !== news.key;
    return isOtherKey || isCaDropped(olds, news);
}

/** Whether a CA of its group, or of one that it left, was removed. */
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
    // Includes disabled devices, which may be enabled manually.
    if (isIssuedFor(news) && (isRevoking(olds, news) || olds.takenBy !== undefined)) {
        const takenBy = outs.status === "enabled" ? olds.takenBy : undefined;
        await revokeOthers(service(outs), outs, trustedCertificates(outs), takenBy);
    }
    return { outs };
}

function outputs(inputs: Inputs): Outputs {
    return { ...inputs, certificate: writeOnly.get(inputs.certificate, "the certificate") };
}

/** If the device has its own enrollment, that one is disabled already. */
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

async function read(id: string | undefined, state?: Outputs): Promise<ReadResult<Outputs>> {
    if (state === undefined) {
        throw new Error("a registration cannot be imported: it has no object in Azure");
    }
    if (!(await exists(state.serviceId))) {
        // The denial of a device that left the configuration was deleted with the service, and nothing else records it.
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
 * Returns who made its hub accept a certificate that this stack did not issue. Any CA of the service can register any ID
 * (Azure docs: concepts-service), and anybody who may write to the hub can write a thumbprint.
 */
async function takenBy(state: Outputs): Promise<string | undefined> {
    const { registrationId, group, status, isReserved, left, hubHostName } = state;
    if (status === "disabled" || isReserved || left !== undefined) {
        return undefined;
    }
    const through = (await registered(state)).get(registrationId);
    const isOthers = through !== undefined && through.group !== group;
    const issued = trustedCertificates(isOthers ? { ...state, generations: undefined } : state);
    // A device with its own enrollment is registered in no group.
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

/** Reads the device itself only if the index has it with another certificate. */
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

/** Hubs for which the warning was printed. */
const untold = new Set<string>();

/** Whether its groups are removed. With fleet stacks, the group is removed before its devices. */
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
 * A device that is still in the configuration is listed now, and stays only on the stack's own hub. A destroy removes the
 * service with everything on it.
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

/** Lists the individual enrollments of the service. */
function denials(address: ServiceAddress): Promise<ReadonlyMap<string, PresentEnrollment>> {
    return individuals.of(address);
}

function registered(address: ServiceAddress): Promise<ReadonlyMap<string, GroupRegistration>> {
    return groups.of(address);
}
