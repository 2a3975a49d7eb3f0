/*
 * DeviceIdentity: a device in a hub's identity registry, with the tags of its twin.
 *
 * | method | REST calls | when interrupted |
 * | --- | --- | --- |
 * | check | for one that is new, once a run: GET of the linked provisioning services, POST /devices/query | |
 * | create | POST /devices (bulk create, up to 100 devices a call) | the tag iotX509 tells that a device is this stack's: create again takes it over |
 * | update | POST /devices (bulk update), PATCH /twins/{id} when tags changed | update again |
 * | read | POST /devices/query and GET /statistics/devices for a fleet; GET /twins/{id} for a few, and for one in doubt | |
 * | delete | POST /devices (bulk delete; or update to disabled where devices are kept) | one that is gone is success |
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
import { configureAzure } from "../azure/access";
import { AzureError } from "../azure/client";
import {
    isConfigured,
    noteProgram,
    refuseToDestroyProtected,
    refuseToDropMoved,
    setting,
} from "../dynamic/stackSettings";
import { changedKeys, isUnknown, stableJson, toState } from "../dynamic/values";
import { hold, take, textDigest } from "../dynamic/writeOnly";
import { isRegistered, linkedServices } from "../dps/registrations";
import { HubRegistry, hubRegistry } from "./hubRegistry";
import { Authentication, DeviceRecord, DeviceStatus, ItemError, ownerTag } from "./registry";
import { tagPatch } from "./tagPatch";

/** What the state keeps of a device beside its names. */
interface Properties {
    readonly status: DeviceStatus;
    /** Upper-case hex; none: the device's certificate must chain to a verified CA. */
    readonly thumbprints?: readonly string[];
    readonly tags?: Readonly<Record<string, unknown>>;
    /** `project/stack`. */
    readonly owner: string;
    /** The provisioning service writes the device's thumbprints when it registers; that is no drift. */
    readonly isProvisioned?: boolean;
}

/** As the program gives them. */
interface RawInputs {
    /** ARM resource ID. */
    readonly hubId: string;
    readonly device: Properties & {
        readonly deviceId: string;
        readonly adopt?: boolean;
        /** How many devices the program lists; for the progress line alone. */
        readonly fleetSize?: number;
    };
}

/** As the state keeps them. */
interface Inputs extends Properties {
    /**
     * Digest of the hub's resource ID, which the outputs have whole: the state of a large fleet would have it twice a device.
     * Named as the program names it, because the engine asks by this name what a new hub replaces.
     */
    readonly hubId: string;
    readonly deviceId: string;
    readonly adopt?: boolean;
}

interface Outputs extends Properties {
    /** ARM resource ID. */
    readonly hubId: string;
}

/** What this run knows of the whole fleet; for the progress line. */
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
    const { fleetSize, ...kept } = device;
    noteProgram();
    fleet.size = fleetSize ?? 0;
    if (olds.deviceId === undefined && !isUnknown(hubId)) {
        await announceTakeOver(hubId, device);
    }
    if (isUnknown(hubId)) {
        return { inputs: toState({ ...kept, hubId }) };
    }
    const digest = hubDigest(hubId);
    hold(digest, hubId);
    return { inputs: toState({ ...kept, hubId: digest }) };
}

/**
 * 48 bits: it only tells the hubs of one environment apart, and every device's state has it. Azure compares resource IDs
 * without regard to case, and does not always answer in the case that was asked for.
 */
function hubDigest(hubId: string): string {
    return textDigest(hubId.toLowerCase()).slice(0, 8);
}

async function diff(id: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    const replaces = [
        ...(isSameHub(olds.hubId, news) ? [] : ["hubId"]),
        ...(news.deviceId === id ? [] : ["deviceId"]),
    ];
    const changed = changedKeys<Properties>(olds, news, ["status", "thumbprints", "tags", "owner"]);
    const isOtherwiseProvisioned = (olds.isProvisioned ?? false) !== (news.isProvisioned ?? false);
    const changes = replaces.length + changed.length > 0 || isOtherwiseProvisioned;
    if (!changes) {
        fleet.unchanged++;
    }
    return { changes, replaces, ...(replaces.length > 0 ? { deleteBeforeReplace: true } : {}) };
}

/** A refresh compares with the inputs in the state; older ones have the hub's name instead. */
function isSameHub(hubId: string, news: Partial<Inputs>): boolean {
    return news.hubId === undefined || news.hubId === hubDigest(hubId);
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    const outs = outputs(inputs);
    const hub = await openHub(outs);
    const device = deviceRecord(inputs.deviceId, inputs);
    const error = await hub.queue.run({ mode: "create", device });
    if (error !== undefined) {
        await takeOver(hub, { ...inputs, ...outs }, error);
    }
    return { id: inputs.deviceId, outs };
}

function outputs({ deviceId: _, adopt: __, hubId, ...kept }: Inputs): Outputs {
    return toState({ ...kept, hubId: take(hubId, "the hub's resource ID") });
}

/**
 * The engine shows a `create` for every identity that is not in the state; a preview says which of them exist already. Where
 * that cannot be told (no hub yet, no right to read) it says nothing: `create` finds out.
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
                    `its identity on ${hub.hostName} is taken over, not created`,
            );
        }
    } catch {
        // Said above.
    }
}

function adoption({ authentication }: DeviceRecord): string {
    // A hub accepts one kind of authentication for an identity.
    return (authentication.type as string) === "sas"
        ? `it is taken over, not created, and LOSES ITS SHARED ACCESS KEYS; from then on it needs its certificate`
        : "it is taken over, not created";
}

/**
 * A device that exists already is ours when an interrupted run made it, when it registered at this environment's
 * provisioning service, or when the configuration says to adopt it.
 */
async function takeOver(
    hub: HubRegistry,
    device: Inputs & Outputs,
    error: ItemError,
): Promise<void> {
    if (!/DeviceAlreadyExists|409001/.test(error.code)) {
        throw itemError(hub, device.deviceId, error);
    }
    const present = await hub.registry.get(device.deviceId);
    if (present === undefined) {
        throw itemError(hub, device.deviceId, error);
    }
    const owner = ownerOf(present);
    const isOurs = owner === device.owner;
    const isByRegistration =
        present.authentication.type === "selfSigned" &&
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
            `device "${device.deviceId}" exists on ${hub.hostName} and is not this stack's ` +
                `(${owner === undefined ? "it has no owner tag" : `it belongs to ${owner}`}). ` +
                `Set "adopt: true" for it to take it over, or delete it.`,
        );
    }
    const wanted = deviceRecord(device.deviceId, device);
    const tags = only(present.tags, Object.keys(wanted.tags));
    const isAsRegistered = device.isProvisioned && hasRegistered;
    const { authentication } = isAsRegistered ? present : wanted;
    await applyChanges(hub, { ...wanted, authentication }, { ...present, tags });
}

async function update(id: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    const outs = outputs(news);
    const hub = await openHub(outs);
    // The state does not say which thumbprints the provisioning service wrote, and nobody would renew them now.
    const isRewritten = (olds.isProvisioned ?? false) && !news.isProvisioned;
    await applyChanges(hub, deviceRecord(id, news), deviceRecord(id, olds), isRewritten);
    return { outs };
}

/** @param isRewritten whether the identity is written even when it is as wanted by all that is known */
async function applyChanges(
    hub: HubRegistry,
    wanted: DeviceRecord,
    present: DeviceRecord,
    isRewritten = false,
): Promise<void> {
    const isSameIdentity =
        stableJson([present.status, present.authentication]) ===
        stableJson([wanted.status, wanted.authentication]);
    if (isRewritten || !isSameIdentity) {
        const error = await hub.queue.run({ mode: "update", device: wanted });
        if (error !== undefined) {
            throw itemError(hub, wanted.deviceId, error);
        }
    }
    const patch = tagPatch(present.tags, wanted.tags);
    if (Object.keys(patch).length > 0) {
        await hub.registry.patchTags(wanted.deviceId, patch);
    }
}

async function read(id: string | undefined, state?: Outputs): Promise<ReadResult<Outputs>> {
    if (id === undefined || state === undefined) {
        throw new Error('a DeviceIdentity cannot be imported: set "adopt: true" for the device');
    }
    const hub = await unlessGone(openHub(state));
    const asInState = stableJson(state);
    const present = await hub
        ?.reader(state.owner)
        .read(id, (record) => stableJson(seen(state, record)) === asInState);
    return present === undefined ? {} : { id, props: seen(state, present) };
}

/** The state as the hub has it now. */
function seen(state: Outputs, present: DeviceRecord): Outputs {
    return toState({
        ...state,
        status: present.status,
        thumbprints: state.isProvisioned
            ? state.thumbprints
            : thumbprintsOf(present.authentication),
        tags: state.tags && only(present.tags, Object.keys(state.tags)),
        owner: ownerOf(present) ?? "",
    });
}

async function deleteDevice(id: string, state: Outputs): Promise<void> {
    refuseToDropMoved(`device "${id}"`);
    refuseToDestroyProtected(`device "${id}"`);
    const isKept = setting("pruneDevices") === "false";
    if (isKept && isConfigured(id)) {
        // It did not leave: its group is left to the provisioning service now.
        console.log(`device "${id}": its identity stays on the hub as it is`);
        return;
    }
    const hub = await unlessGone(openHub(state));
    if (hub === undefined) {
        return;
    }
    const error = await hub.queue.run(
        isKept
            ? { mode: "update", device: { ...deviceRecord(id, state), status: "disabled" } }
            : { mode: "delete", deviceId: id },
    );
    if (error !== undefined && !/DeviceNotFound|404001/.test(error.code)) {
        throw itemError(hub, id, error);
    }
    if (isKept && error === undefined) {
        console.log(`device "${id}" stays on the hub, disabled (iot-x509:pruneDevices)`);
    }
}

async function openHub({ hubId }: Outputs): Promise<HubRegistry> {
    const hub = await hubRegistry(hubId);
    hub.expect(fleet.size, fleet.unchanged);
    return hub;
}

/** Undefined when the hub itself does not exist any more: then none of its devices does. */
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

function deviceRecord(deviceId: string, properties: Properties): DeviceRecord {
    const { status, thumbprints, tags, owner } = properties;
    return {
        deviceId,
        status,
        authentication: authenticationOf(thumbprints),
        tags: { ...tags, [ownerTag]: { stack: owner } },
    };
}

function authenticationOf(thumbprints: readonly string[] | undefined): Authentication {
    if (thumbprints === undefined) {
        return { type: "certificateAuthority" };
    }
    const [primaryThumbprint, secondaryThumbprint] = thumbprints;
    return {
        type: "selfSigned",
        x509Thumbprint: toState({ primaryThumbprint, secondaryThumbprint }),
    };
}

function thumbprintsOf(authentication: Authentication): readonly string[] | undefined {
    if (authentication.type === "certificateAuthority") {
        return undefined;
    }
    if (authentication.type !== "selfSigned") {
        return [];
    }
    const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint;
    return secondaryThumbprint === undefined
        ? [primaryThumbprint]
        : [primaryThumbprint, secondaryThumbprint];
}

/** The named tags alone: other programs may keep tags of their own on a twin. */
function only(
    tags: Readonly<Record<string, unknown>>,
    names: readonly string[],
): Record<string, unknown> {
    return Object.fromEntries(Object.entries(tags).filter(([name]) => names.includes(name)));
}

function ownerOf(record: DeviceRecord): string | undefined {
    return (record.tags[ownerTag] as { stack?: string } | undefined)?.stack;
}

function itemError(hub: HubRegistry, deviceId: string, error: ItemError): Error {
    return new Error(
        `device "${deviceId}" on ${hub.hostName}: ${error.code} ${error.message}`.trim(),
    );
}
