import { EmulatorContext } from "../context";
import { Device, Hub, TwinProperties } from "../hub/model";
import { RegistryProblem } from "./errors";
import { connectionState, RegistryContext, scopeOf } from "./identity";
import { checkSection, isObject, JsonObject, merge, twinETag, withoutService } from "./twinRules";

/**
 * The twin as the service shows it, including what it mirrors from the identity. Tags are omitted when there are none;
 * the names of the thumbprints start with an upper-case letter, unlike in the identity (live findings, api-version
 * 2021-04-12).
 */
export function twinJson(context: EmulatorContext, hub: Hub, device: Device): JsonObject {
    const { twin, authentication } = device;
    const deviceScope = scopeOf(device);
    const { parentScopes = [] } = device;
    return {
        deviceId: device.deviceId,
        etag: twin.etag,
        deviceEtag: device.etag,
        status: device.status,
        ...(device.statusReason === null ? {} : { statusReason: device.statusReason }),
        statusUpdateTime: device.statusUpdatedTime,
        connectionState: connectionState(context, hub, device),
        lastActivityTime: device.lastActivityTime,
        cloudToDeviceMessageCount: device.inbox.length,
        authenticationType: authentication.type,
        x509Thumbprint: {
            PrimaryThumbprint: authentication.x509Thumbprint.primaryThumbprint,
            SecondaryThumbprint: authentication.x509Thumbprint.secondaryThumbprint,
        },
        modelId: "",
        version: twin.version,
        ...(Object.keys(twin.tags).length === 0 ? {} : { tags: twin.tags }),
        properties: { desired: sectionJson(twin.desired), reported: sectionJson(twin.reported) },
        capabilities: device.capabilities,
        ...(deviceScope === undefined ? {} : { deviceScope }),
        ...(parentScopes.length === 0 ? {} : { parentScopes }),
    };
}

function sectionJson(section: TwinProperties): JsonObject {
    return {
        ...section.values,
        $metadata: metadataOf(section.values, section),
        $version: section.version,
    };
}

/** `$lastUpdated` for each property; the emulator keeps one time and version for a whole section. */
function metadataOf(value: unknown, section: TwinProperties): JsonObject {
    const stamp: JsonObject = { $lastUpdated: section.updated };
    if (section.version > 1) {
        stamp.$lastUpdatedVersion = section.version;
    }
    if (isObject(value)) {
        for (const [key, inner] of Object.entries(value)) {
            stamp[key] = metadataOf(inner, section);
        }
    }
    return stamp;
}

/** A checked write to a twin: the new content of the sections, and the patch for a connected device. */
export interface TwinChange {
    readonly tags?: JsonObject;
    readonly desired?: JsonObject;
    /** Merge patch from the old desired properties to the new. */
    readonly desiredPatch?: JsonObject;
}

interface TwinBody {
    readonly tags?: JsonObject;
    readonly desired?: JsonObject;
}

/** Merges (RFC 7396): null removes, arrays and plain values replace, anything not named stays. */
export function patchedTwin(device: Device, body: JsonObject): TwinChange {
    const given = readTwin(body);
    const { tags, desired } = device.twin;
    const merged = {
        ...(given.tags === undefined ? {} : { tags: merge(tags, given.tags) }),
        ...(given.desired === undefined ? {} : { desired: merge(desired.values, given.desired) }),
    };
    checkSizes(merged);
    return { ...merged, desiredPatch: given.desired };
}

/** Replaces tags and desired properties; anything not named is removed. */
export function replacedTwin(device: Device, body: JsonObject): TwinChange {
    const { tags = {}, desired = {} } = checkedTwin(body);
    const removed = Object.keys(device.twin.desired.values).filter((key) => !(key in desired));
    const desiredPatch: JsonObject = { ...desired };
    removed.forEach((key) => (desiredPatch[key] = null));
    return { tags, desired, desiredPatch };
}

/** Tags and desired properties of a body that describes a whole twin, checked. */
export function checkedTwin(body: JsonObject): TwinBody {
    const given = readTwin(body);
    checkSizes(given);
    return given;
}

function readTwin(body: JsonObject): TwinBody {
    const properties = objectOrNothing(body.properties, "properties");
    const tags = objectOrNothing(body.tags, "tags");
    const desired = objectOrNothing(properties?.desired, "properties.desired");
    return {
        ...(tags === undefined ? {} : { tags: withoutService(tags) }),
        ...(desired === undefined ? {} : { desired: withoutService(desired) }),
    };
}

function objectOrNothing(value: unknown, name: string): JsonObject | undefined {
    if (value === undefined || value === null) {
        return undefined;
    }
    if (!isObject(value)) {
        throw new RegistryProblem("ArgumentInvalid", `${name} must be a JSON object`);
    }
    return value;
}

/** Tags may hold 8 KB and desired properties 32 KB (Azure docs: iot-hub-devguide-device-twins, "Device twin size"). */
function checkSizes({ tags = {}, desired = {} }: TwinBody): void {
    checkSection("tags", tags, 8 * 1024);
    checkSection("properties.desired", desired, 32 * 1024);
}

/** Applies a checked change and notifies a connected device. */
export function applyTwinChange(
    context: RegistryContext,
    hub: Hub,
    device: Device,
    change: TwinChange,
): void {
    const { twin } = device;
    twin.etag = twinETag(Buffer.from(twin.etag, "base64").readBigUInt64BE() + 1n);
    twin.version += 1;
    twin.tags = change.tags ?? twin.tags;
    if (change.desired !== undefined) {
        twin.desired.values = change.desired;
        twin.desired.version += 1;
        twin.desired.updated = context.clock.date().toISOString();
        context.hubs.events.emit("desiredChanged", hub, device, change.desiredPatch ?? {});
    }
}
