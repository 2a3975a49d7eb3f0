import { EmulatorContext } from "../context";
import { HttpReply, HttpRequest } from "../core/http";
import { Params } from "../core/router";
import { Device, Hub } from "../hub/model";
import { findSku } from "../hub/skus";
import { Permission, Caller } from "./authorization";
import { Envelope, RegistryProblem } from "./errors";
import { DeletedDevices } from "./deletedDevices";
import { LimitName, Throttle } from "./throttle";

/** One authenticated request to a hub's service API. */
export interface Call {
    readonly context: EmulatorContext;
    readonly request: HttpRequest;
    readonly params: Params;
    readonly hub: Hub;
    readonly caller: Caller;
    readonly throttle: Throttle;
    readonly deleted: DeletedDevices;
}

export interface Operation {
    /** What the caller must be allowed to do; omitted where that depends on the body. */
    readonly permission?: Permission;
    /** The limit that one call counts against; omitted where the cost depends on the body. */
    readonly limit?: { readonly name: LimitName; readonly operationType: string };
    /** Not available on a Basic tier hub (Azure docs: iot-hub-scaling, "IoT Hub REST APIs"). */
    readonly isStandardOnly?: boolean;
    /** Default "message". */
    readonly envelope?: Envelope;
    readonly run: (call: Call) => HttpReply | Promise<HttpReply>;
}

/** @throws RegistryProblem 403 on a Basic tier hub */
export function demandStandardTier({ sku }: Hub): void {
    if (findSku(sku.name)?.tier === "Basic") {
        throw new RegistryProblem(
            "OperationNotAvailableInCurrentTier",
            `The operation is not available in the tier of this IoT hub, ${sku.name}.`,
        );
    }
}

/** The device that the path names. */
export function deviceOf(call: Call): Device {
    const device = call.hub.devices.get(call.params.deviceId);
    if (device === undefined) {
        throw new RegistryProblem("DeviceNotFound", call.params.deviceId);
    }
    return device;
}

/**
 * Parses the JSON body.
 *
 * @throws RegistryProblem 400 when it is not JSON
 */
export function bodyOf(call: Call): unknown {
    try {
        return JSON.parse(call.request.body.toString("utf8"));
    } catch {
        throw new RegistryProblem("IotHubFormatError", "The request body is not valid JSON.");
    }
}

/** Parses a JSON body that must be an object. */
export function objectBodyOf(call: Call): Record<string, unknown> {
    const body = bodyOf(call);
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
        throw new RegistryProblem("IotHubFormatError", "The request body must be a JSON object.");
    }
    return body as Record<string, unknown>;
}
