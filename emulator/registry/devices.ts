import { ifMatch } from "../core/etag";
import { HttpReply } from "../core/http";
import { Device } from "../hub/model";
import { permissions } from "./authorization";
import { Call, demandStandardTier, deviceOf, objectBodyOf, Operation } from "./call";
import { RegistryProblem } from "./errors";
import {
    checkDeviceId,
    IdentityFields,
    identityJson,
    newDevice,
    overwrite,
    readIdentity,
} from "./identity";
import { twinJson } from "./twin";

const mostListed = 1000;

export const listDevices: Operation = {
    permission: permissions.readDevices,
    limit: { name: "registry", operationType: "RegistryRead" },
    run: (call) => {
        const top = readTop(call.request.url.searchParams.get("top"));
        const devices: unknown[] = [];
        for (const device of call.hub.devices.values()) {
            if (devices.length === top) {
                break;
            }
            devices.push(identityJson(call.context, call.hub, device));
        }
        return { status: 200, body: devices };
    },
};

function readTop(given: string | null): number {
    const top = given === null ? mostListed : Number(given);
    if (!Number.isInteger(top) || top < 1) {
        throw new RegistryProblem("ArgumentInvalid", "top must be a positive number");
    }
    return Math.min(top, mostListed);
}

export const readDevice: Operation = {
    permission: permissions.readDevices,
    limit: { name: "registry", operationType: "RegistryRead" },
    run: (call) => shown(call, deviceOf(call)),
};

/**
 * Without If-Match (or with the empty tag that azure-sdk-for-net sends) this only creates; with it, this only updates.
 * `*` matches any version. Azure's REST reference calls both "Create Or Update Identity" and documents 200 for either.
 */
export const writeDevice: Operation = {
    permission: permissions.writeDevices,
    limit: { name: "registry", operationType: "RegistryWrite" },
    run: (call) => {
        const deviceId = checkDeviceId(call.params.deviceId);
        const body = objectBodyOf(call);
        if (checkDeviceId(body.deviceId) !== deviceId) {
            throw new RegistryProblem(
                "ArgumentInvalid",
                "The device ID of the body differs from that of the path.",
            );
        }
        const expected = ifMatch(call.request.headers["if-match"]) || undefined;
        const fields = fieldsOf(call, body);
        const device =
            expected === undefined
                ? createDevice(call, deviceId, fields)
                : updateDevice(call, deviceId, expected, fields);
        return shown(call, device);
    },
};

export const deleteDevice: Operation = {
    permission: permissions.deleteDevices,
    limit: { name: "registry", operationType: "RegistryWrite" },
    run: (call) => {
        const expected = ifMatch(call.request.headers["if-match"]) || undefined;
        if (expected === undefined) {
            throw new RegistryProblem("PreconditionFailed", "Etag missing");
        }
        removeDevice(call, call.params.deviceId, expected);
        return { status: 204 };
    },
};

/** Reads the fields of a write, given the identity that they replace. */
type ReadFields = (previous: Device | undefined) => IdentityFields;

/** Reads a JSON body. A Basic tier has no IoT Edge (Azure docs: iot-hub-scaling). */
export function fieldsOf(call: Call, body: Readonly<Record<string, unknown>>): ReadFields {
    return (previous) => {
        const fields = readIdentity(body, previous);
        if (fields.iotEdge) {
            demandStandardTier(call.hub);
        }
        return fields;
    };
}

/** @throws RegistryProblem 409 when the ID is taken */
export function checkIsNew({ hub }: Call, deviceId: string): void {
    if (hub.devices.has(deviceId)) {
        throw new RegistryProblem(
            "DeviceAlreadyExists",
            `A device with ID '${deviceId}' is already registered.`,
        );
    }
}

/** @throws RegistryProblem 409 when the ID is taken */
export function createDevice(call: Call, deviceId: string, fields: ReadFields): Device {
    const { context, hub } = call;
    checkIsNew(call, deviceId);
    const device = newDevice(context, deviceId, fields(undefined));
    hub.devices.set(deviceId, device);
    context.hubs.events.emit("deviceChanged", hub, device);
    return device;
}

/** @throws RegistryProblem 404 when the device does not exist, 412 when it has another version */
export function updateDevice(
    call: Call,
    deviceId: string,
    expected: string,
    fields: ReadFields,
): Device {
    const { context, hub } = call;
    const device = matching(call, deviceId, expected);
    overwrite(context, device, fields(device));
    context.hubs.events.emit("deviceChanged", hub, device);
    return device;
}

/** @throws RegistryProblem 404 when the device does not exist, 412 when it has another version */
export function removeDevice(call: Call, deviceId: string, expected: string): void {
    const { context, hub, deleted } = call;
    const device = matching(call, deviceId, expected);
    deleted.remember(hub, deviceId, () => twinJson(context, hub, device));
    hub.devices.delete(deviceId);
    context.hubs.events.emit("deviceRemoved", hub, deviceId);
}

/** @throws RegistryProblem 404 when the device does not exist, 412 when it has another version */
export function matching(call: Call, deviceId: string, expected: string): Device {
    const device = call.hub.devices.get(deviceId);
    if (device === undefined) {
        throw new RegistryProblem("DeviceNotFound", deviceId);
    }
    if (expected !== "*" && expected !== device.etag) {
        throw new RegistryProblem("PreconditionFailed", "PreconditionFailed, ETag may be invalid.");
    }
    return device;
}

function shown(call: Call, device: Device): HttpReply {
    return {
        status: 200,
        headers: { etag: `"${device.etag}"` },
        body: identityJson(call.context, call.hub, device),
    };
}

/** Module identities are not emulated: devices have none. */
export const listModules: Operation = {
    permission: permissions.readDevices,
    limit: { name: "registry", operationType: "RegistryRead" },
    envelope: "numbered",
    run: (call) => {
        deviceOf(call);
        return { status: 200, body: [] };
    },
};

export const readModule: Operation = {
    permission: permissions.readDevices,
    limit: { name: "registry", operationType: "RegistryRead" },
    envelope: "numbered",
    run: (call) => {
        const { deviceId } = deviceOf(call);
        throw new RegistryProblem(
            "ModuleNotFound",
            `Device ${deviceId} in IotHub ${call.hub.name} has no Module ${call.params.moduleId}.`,
        );
    },
};
