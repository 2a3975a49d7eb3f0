/*
 * DeviceIdentity: a device in a hub's identity registry, with the tags of its twin.
 *
 * | method | REST calls | when interrupted |
 * | --- | --- | --- |
 * | check | for a new device, once per run: GET of the linked provisioning services, POST /devices/query | |
 * | create | POST /devices (bulk create, up to 100 devices per call) | the tag iotX509 marks the device as this stack's: create again takes it over |
 * | update | GET /twins/{id}, POST /devices (bulk update), PATCH /twins/{id} when tags changed | update again |
 * | read | GET /twins/{id} | |
 * | delete | GET /twins/{id}, POST /devices (bulk delete, or update to disabled if devices are kept) | a device that is gone is success |
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
import { AzureError } from "../azure/client";
import {
    isConfigured,
    noteProgram,
    refuseToDestroyProtected,
    refuseToDropMoved,
    setting,
} from "../dynamic/stackSettings";
import { changedKeys, isUnknown, stableJson, toState } from "../dynamic/values";
import * as writeOnly from "../dynamic/writeOnly";
import { isRegistered, linkedServices } from "../enrollments/registrations";
import { changeIdentity, isRefusal, itemError, judgedAnew, Overtaken } from "./changeIdentity";
import { tagChange } from "./certificateTag";
import { changeTags } from "./changeTags";
import { isRenewedByEst } from "./estTag";
import { HubRegistry, hubRegistry } from "./hubRegistry";
import { noteHub } from "../iothub/hubSeen";
import {
    deviceRecord,
    hasSameThumbprints,
    isSameIdentity,
    only,
    Properties,
    thumbprintsOf,
} from "./identityRecord";
import { DeviceRecord, ItemError, ownerOf, ownerTag } from "./registry";

/** As the program passes them. */
interface RawInputs {
    /** ARM resource ID. */
    readonly hubId: string;
    readonly device: Properties & {
        readonly deviceId: string;
        readonly adopt?: boolean;
        /** Number of devices that the program lists; for the progress line only. */
        readonly fleetSize?: number;
    };
}

/** As the state keeps them. */
interface Inputs extends Properties {
    /**
     * Digest of the hub's resource ID. The outputs have the ID itself; a large fleet's state would otherwise hold it twice per
     * device. It has the program's name for it, because by that name the engine asks what a new hub replaces.
     */
    readonly hubId: string;
    readonly deviceId: string;
    readonly adopt?: boolean;
}

interface Outputs extends Properties {
    /** ARM resource ID. */
    readonly hubId: string;
    /** Another stack, whose tag a refresh found. */
    readonly foreign?: string;
}

/** What this run knows of the whole fleet, for the progress line. */
const fleet = { size: 0, unchanged: 0 };

export const provider: ResourceProvider<Inputs, Outputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    diff,
    create,
    read,
    update,
    delete: deleteDevice,
};

async function check(olds: Partial<Inputs>, given: Inputs): Promise<CheckResult<Inputs>> {
    const { hubId, device } = given as unknown as RawInputs;
    const { fleetSize = 0, ...kept } = device;
    noteProgram();
    fleet.size = fleetSize;
    if (isUnknown(hubId)) {
        return { inputs: toState({ ...kept, hubId }) };
    }
    if (olds.deviceId === undefined) {
        await announceTakeOver(hubId, device);
    }
    const digest = hubDigest(hubId);
    writeOnly.put(digest, hubId);
    return { inputs: toState({ ...kept, hubId: digest }) };
}

/**
 * 48 bits are enough: the digest only distinguishes the hubs of one environment, and every device's state has it. Azure
 * compares resource IDs without regard to case, and does not always return the case that was requested.
 */
function hubDigest(hubId: string): string {
    return writeOnly.textDigest(hubId.toLowerCase()).slice(0, 8);
}

async function diff(id: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    const replaces = [
        ...(isSameHub(olds.hubId, news) ? [] : ["hubId"]),
        ...(news.deviceId === id ? [] : ["deviceId"]),
    ];
    const changed = changedKeys<Properties>(olds, news, ["status", "thumbprints", "tags", "owner"]);
    const isOtherwiseProvisioned = (olds.isProvisioned ?? false) !== (news.isProvisioned ?? false);
    const isForeign = olds.foreign !== undefined;
    const changes = replaces.length + changed.length > 0 || isOtherwiseProvisioned || isForeign;
    if (!changes) {
        fleet.unchanged++;
    }
    return { changes, replaces, ...(replaces.length > 0 ? { deleteBeforeReplace: true } : {}) };
}

/** A refresh compares with the inputs in the state; older states have the hub's name instead. */
function isSameHub(hubId: string, news: Partial<Inputs>): boolean {
    return news.hubId === undefined || news.hubId === hubDigest(hubId);
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    const outs = outputs(inputs);
    const hub = await openHub(outs);
    const device = deviceRecord(inputs.deviceId, inputs);
    const error = await hub.queue.run({ mode: "create", device });
    if (error !== undefined) {
        await judgedAnew(() => takeOver(hub, { ...inputs, ...outs }, error));
    }
    return { id: inputs.deviceId, outs };
}

function outputs({ deviceId: _, adopt: __, hubId, ...kept }: Inputs): Outputs {
    return toState({ ...kept, hubId: writeOnly.get(hubId, "the hub's resource ID") });
}

/**
 * The engine shows a `create` for every identity that is not in the state; a preview reports which of them already exist.
 * If that is unknown (no hub yet, no permission to read), it reports nothing, and `create` finds out.
 */
async function announceTakeOver(hubId: string, device: RawInputs["device"]): Promise<void> {
    const { deviceId, adopt } = device;
    try {
        const hub = await hubRegistry(hubId);
        if (adopt) {
            const present = await hub.atOnce.get(deviceId);
            if (present !== undefined && ownerOf(present) !== device.owner) {
                console.log(`device "${deviceId}" exists on ${hub.hostName}: ${adoption(present)}`);
            }
            return;
        }
        const services = await linkedServices(hubId, hub.hostName);
        if (
            services.length > 0 &&
            (await hub.unowned()).has(deviceId) &&
            (await isRegistered(services, hub.hostName, deviceId))
        ) {
            console.log(
                `device "${deviceId}" registered through the provisioning service: ` +
                    `its identity on ${hub.hostName} is adopted, not created`,
            );
        }
    } catch {
        // Then `create` finds out.
    }
}

function adoption({ authentication }: DeviceRecord): string {
    // A hub accepts one kind of authentication for an identity.
    return (authentication.type as string) === "sas"
        ? `it is adopted, not created, and LOSES ITS SHARED ACCESS KEYS; from then on it needs its certificate`
        : "it is adopted, not created";
}

/**
 * An existing device is ours if an interrupted run created it, if it registered with this environment's provisioning
 * service, or if the configuration says to adopt it.
 */
async function takeOver(
    hub: HubRegistry,
    device: Inputs & Outputs,
    error: ItemError,
): Promise<void> {
    if (!isRefusal(error, "DeviceAlreadyExists")) {
        throw itemError(hub, device.deviceId, error);
    }
    const found = await hub.registry.get(device.deviceId);
    if (found === undefined) {
        throw itemError(hub, device.deviceId, error);
    }
    const owner = ownerOf(found);
    const isOurs = owner === device.owner;
    const isByRegistration =
        found.authentication.type === "selfSigned" &&
        (owner === undefined || (isOurs && device.isProvisioned));
    const hasRegistered =
        isByRegistration &&
        (await isRegistered(
            await linkedServices(device.hubId, hub.hostName),
            hub.hostName,
            device.deviceId,
        ));
    if (!isOurs && !hasRegistered && !device.adopt) {
        throw new Error(
            `device "${device.deviceId}" exists on ${hub.hostName} and does not belong to this stack ` +
                `(${owner === undefined ? "it has no owner tag" : `it belongs to ${owner}`}). ` +
                `Set "adopt: true" for the device to adopt it, or delete it.`,
        );
    }
    const wanted = deviceRecord(device.deviceId, device);
    const isAsRegistered = device.isProvisioned && hasRegistered;
    const { authentication } = isAsRegistered ? found : wanted;
    const isRead = (other: DeviceRecord) => stableJson(other) === stableJson(found);
    await changeIdentity(
        hub,
        device.deviceId,
        (now) => {
            if (!isRead(now)) {
                throw new Overtaken(device.deviceId);
            }
            return isSameIdentity(now, { ...wanted, authentication })
                ? undefined
                : { mode: "update", device: { ...wanted, authentication } };
        },
        found,
    );
    await changeTags(hub, found, (now) => {
        if (ownerOf(now) !== owner) {
            throw new Overtaken(device.deviceId);
        }
        return tagChange(device.deviceId, only(now.tags, Object.keys(wanted.tags)), wanted.tags);
    });
}

async function update(id: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    const outs = outputs(news);
    const hub = await openHub(outs);
    const wanted = deviceRecord(id, news);
    const before = deviceRecord(id, olds);
    const known = await hub.registry.get(id);
    if (known === undefined) {
        throw goneFrom(hub, id);
    }
    const { adopt } = news;
    refuseForeign(hub, olds, known, adopt);
    // The state does not show which thumbprints the provisioning service wrote, and nobody would renew them from now on.
    const isRewritten =
        ((olds.isProvisioned ?? false) && !news.isProvisioned) || olds.foreign !== undefined;
    if (isRewritten || !isSameIdentity(before, wanted)) {
        const isDone = await changeIdentity(
            hub,
            id,
            (found) => {
                refuseForeign(hub, olds, found, adopt);
                refuseToOverrule(olds, news, found);
                const isByRegistration = found.authentication.type === "selfSigned";
                const isKept =
                    (olds.isProvisioned && news.isProvisioned && isByRegistration) ||
                    (isRenewedByEst(found) && hasSameThumbprints(before, wanted));
                const { authentication } = isKept ? found : wanted;
                return { mode: "update", device: { ...wanted, authentication } };
            },
            known,
        );
        if (!isDone) {
            throw goneFrom(hub, id);
        }
    }
    await changeTags(hub, known, (found) => {
        refuseForeign(hub, olds, found, adopt);
        // What others wrote below our own tags stays: only the owner tag is compared with what is there.
        return tagChange(id, { ...before.tags, [ownerTag]: found.tags[ownerTag] }, wanted.tags);
    });
    return { outs };
}

function goneFrom({ hostName }: HubRegistry, id: string): Error {
    return new Error(
        `device "${id}" is no longer on ${hostName}: "pulumi up --refresh" creates it again`,
    );
}

/**
 * Refuses a device that carries another stack's tag, and one that has lost its tag and authenticates differently from what
 * the state says: somebody recreated it.
 */
function refuseForeign(hub: HubRegistry, state: Outputs, found: DeviceRecord, adopt = false): void {
    const owner = ownerOf(found);
    const isAsMade =
        state.isProvisioned === true ||
        stableJson(thumbprintsOf(found.authentication)) === stableJson(state.thumbprints);
    if (adopt || (owner ?? "") === state.owner || (owner === undefined && isAsMade)) {
        return;
    }
    throw new Error(
        `device "${found.deviceId}" on ${hub.hostName} no longer belongs to this stack ` +
            `(${owner === undefined ? "it has no owner tag and another authentication" : `it belongs to ${owner}`}), ` +
            `and is left unchanged. Set "adopt: true" for the device to adopt it again, or ` +
            `delete it there; to stop managing it, remove it from the state (pulumi state delete) and from the configuration.`,
    );
}

/** Whoever disables a device on the hub wants it off now; a run that does not know of that must not enable it. */
function refuseToOverrule(olds: Outputs, news: Inputs, found: DeviceRecord): void {
    if (olds.status === "enabled" && news.status === "enabled" && found.status === "disabled") {
        const why = found.statusReason === undefined ? "" : ` (${found.statusReason})`;
        throw new Error(
            `device "${found.deviceId}" was disabled on the hub since the last run${why}, and stays disabled: ` +
                `"pulumi up --refresh" enables it, "status: disabled" keeps it disabled`,
        );
    }
}

async function read(id: string | undefined, state?: Outputs): Promise<ReadResult<Outputs>> {
    if (id === undefined || state === undefined) {
        throw new Error('a DeviceIdentity cannot be imported: set "adopt: true" for the device');
    }
    noteHub(state.hubId);
    const hub = await unlessGone(openHub(state));
    // Not from a query: its index shows a device for many minutes after it was deleted, and no count reveals that.
    const found = hub && (await hub.registry.get(id));
    return found === undefined ? {} : { id, props: seen(state, found) };
}

/** The state, updated to what the hub has now. */
function seen({ foreign: _, ...state }: Outputs, present: DeviceRecord): Outputs {
    const owner = ownerOf(present);
    const isForeign = owner !== undefined && owner !== state.owner;
    return toState({
        ...state,
        status: present.status,
        thumbprints:
            state.isProvisioned || (state.thumbprints !== undefined && isRenewedByEst(present))
                ? state.thumbprints
                : thumbprintsOf(present.authentication),
        tags: state.tags && only(present.tags, Object.keys(state.tags)),
        ...(isForeign ? { foreign: owner } : { owner: owner ?? "" }),
    });
}

async function deleteDevice(id: string, state: Outputs): Promise<void> {
    refuseToDropMoved(`device "${id}"`);
    refuseToDestroyProtected(`device "${id}"`);
    const isKept = setting("pruneDevices") === "false";
    if (isKept && isConfigured(id)) {
        // It did not leave the configuration: its group is now left to the provisioning service.
        console.log(`device "${id}": its identity stays on the hub unchanged`);
        return;
    }
    const hub = await unlessGone(openHub(state));
    if (hub === undefined) {
        return;
    }
    const isDone = await changeIdentity(hub, id, (found) => {
        refuseForeign(hub, state, found);
        return isKept
            ? { mode: "update", device: { ...deviceRecord(id, state), status: "disabled" } }
            : { mode: "delete" };
    });
    if (isKept && isDone) {
        console.log(`device "${id}" stays on the hub, disabled (iot-x509:pruneDevices)`);
    }
}

async function openHub({ hubId }: Outputs): Promise<HubRegistry> {
    const hub = await hubRegistry(hubId);
    hub.expect(fleet.size, fleet.unchanged);
    return hub;
}

/** Undefined if the hub itself no longer exists: then none of its devices does. */
async function unlessGone(hub: Promise<HubRegistry>): Promise<HubRegistry | undefined> {
    try {
        return await hub;
    } catch (error) {
        if (error instanceof AzureError && error.status === 404) {
            return undefined;
        }
        throw error;
    }
}
