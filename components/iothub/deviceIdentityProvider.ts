/*
 * DeviceIdentity: a device in a hub's identity registry, with the tags of its twin.
 *
 * | method | REST calls | when interrupted |
 * | --- | --- | --- |
 * | create | POST /devices (bulk create, up to 100 devices a call) | the tag iotX509 tells that a device is this stack's: create again takes it over |
 * | update | POST /devices (bulk update), PATCH /twins/{id} when tags changed | update again |
 * | read | GET /twins/{id} | |
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
import { azure, configureAzure } from "../azure/access";
import { changedKeys, isUnknown, stableJson, toState } from "../dynamic/values";
import { Authentication, DeviceRecord, DeviceStatus, ItemError, Registry } from "./registry";
import { hubRegistry } from "./hubRegistry";
import { RegistryQueue } from "./registryQueue";

/** The twin tag in which the program notes whose device it is. */
const ownerTag = "iotX509";

interface Inputs {
    readonly hubId: string;
    readonly hostName: string;
    readonly deviceId: string;
    readonly status: DeviceStatus;
    /** Upper-case hex; none: the device's certificate must chain to a verified CA. */
    readonly thumbprints?: readonly string[];
    readonly tags?: Readonly<Record<string, unknown>>;
    /** `project/stack`. */
    readonly owner: string;
    readonly adopt?: boolean;
    /** The provisioning service writes the device's thumbprints when it registers; that is no drift. */
    readonly isProvisioned?: boolean;
}

export const provider: ResourceProvider<Inputs, Inputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    diff,
    create,
    read,
    update,
    delete: deleteDevice,
};

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    return { inputs: toState({ ...given }) };
}

async function diff(_: string, olds: Inputs, news: Inputs): Promise<DiffResult> {
    const replaces = changedKeys(olds, news, ["hubId", "hostName", "deviceId"]);
    const changed = changedKeys(olds, news, ["status", "thumbprints", "tags", "owner"]);
    return { changes: replaces.length + changed.length > 0, replaces };
}

async function create(inputs: Inputs): Promise<CreateResult<Inputs>> {
    const { registry, queue } = hubRegistry(inputs);
    const error = await queue.run({ mode: "create", device: deviceRecord(inputs) });
    if (error !== undefined) {
        await takeOver(registry, queue, inputs, error);
    }
    return { id: inputs.deviceId, outs: inputs };
}

/** A device that exists already is ours when an interrupted run made it, or when the configuration says to adopt it. */
async function takeOver(
    registry: Registry,
    queue: RegistryQueue,
    inputs: Inputs,
    error: ItemError,
): Promise<void> {
    if (!/DeviceAlreadyExists|409001/.test(error.code)) {
        throw itemError(inputs, error);
    }
    const present = await registry.get(inputs.deviceId);
    if (present === undefined) {
        throw itemError(inputs, error);
    }
    const owner = ownerOf(present);
    if (owner !== inputs.owner && !inputs.adopt) {
        throw new Error(
            `device "${inputs.deviceId}" exists on ${inputs.hostName} and is not this stack's ` +
                `(${owner === undefined ? "it has no owner tag" : `it belongs to ${owner}`}). ` +
                `Set "adopt: true" for it to take it over, or delete it.`,
        );
    }
    const tags = only(present.tags, Object.keys(allTags(inputs)));
    await applyChanges(registry, queue, inputs, { ...present, tags });
}

async function update(_: string, olds: Inputs, news: Inputs): Promise<UpdateResult<Inputs>> {
    const { registry, queue } = hubRegistry(news);
    await applyChanges(registry, queue, news, { ...deviceRecord(olds), tags: allTags(olds) });
    return { outs: news };
}

async function applyChanges(
    registry: Registry,
    queue: RegistryQueue,
    inputs: Inputs,
    present: DeviceRecord,
): Promise<void> {
    const wanted = deviceRecord(inputs);
    const isSameIdentity =
        stableJson([present.status, present.authentication]) ===
        stableJson([wanted.status, wanted.authentication]);
    if (!isSameIdentity) {
        const error = await queue.run({ mode: "update", device: wanted });
        if (error !== undefined) {
            throw itemError(inputs, error);
        }
    }
    const patch = tagPatch(present.tags, wanted.tags);
    if (Object.keys(patch).length > 0) {
        await registry.patchTags(inputs.deviceId, patch);
    }
}

async function read(id: string | undefined, state?: Inputs): Promise<ReadResult<Inputs>> {
    if (id === undefined || state === undefined) {
        throw new Error('a DeviceIdentity cannot be imported: set "adopt: true" for the device');
    }
    const present = await hubRegistry(state).registry.get(state.deviceId);
    if (present === undefined) {
        return {};
    }
    const props: Inputs = toState({
        ...state,
        status: present.status,
        thumbprints: state.isProvisioned
            ? state.thumbprints
            : thumbprintsOf(present.authentication),
        tags: state.tags && only(present.tags, Object.keys(state.tags)),
        owner: ownerOf(present) ?? "",
    });
    return { id, props };
}

async function deleteDevice(_: string, state: Inputs): Promise<void> {
    const { queue } = hubRegistry(state);
    const isKept = azure().setting("pruneDevices") === "false";
    const error = await queue.run(
        isKept
            ? { mode: "update", device: { ...deviceRecord(state), status: "disabled" } }
            : { mode: "delete", deviceId: state.deviceId },
    );
    if (error !== undefined && !/DeviceNotFound|404001/.test(error.code)) {
        throw itemError(state, error);
    }
}

function deviceRecord(inputs: Inputs): DeviceRecord {
    return {
        deviceId: inputs.deviceId,
        status: inputs.status,
        authentication: authenticationOf(inputs.thumbprints),
        tags: allTags(inputs),
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

function allTags(inputs: Inputs): Record<string, unknown> {
    return { ...inputs.tags, [ownerTag]: { stack: inputs.owner } };
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

/** What to merge into `present` to arrive at `wanted`: null for each tag that must go, at any depth. */
export function tagPatch(
    present: Readonly<Record<string, unknown>>,
    wanted: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
    const patch: Record<string, unknown> = {};
    for (const key of Object.keys(present)) {
        if (!(key in wanted)) {
            patch[key] = null;
        }
    }
    for (const [key, value] of Object.entries(wanted)) {
        const old = present[key];
        if (isPlain(value) && isPlain(old)) {
            const inner = tagPatch(old, value);
            if (Object.keys(inner).length > 0) {
                patch[key] = inner;
            }
        } else if (isUnknown(value) || stableJson(value) !== stableJson(old ?? null)) {
            patch[key] = value;
        }
    }
    return patch;
}

function isPlain(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function itemError(inputs: Inputs, error: ItemError): Error {
    return new Error(
        `device "${inputs.deviceId}" on ${inputs.hostName}: ${error.code} ${error.message}`.trim(),
    );
}
