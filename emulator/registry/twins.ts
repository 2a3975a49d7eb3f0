import { ifMatch } from "../core/etag";
import { HttpReply } from "../core/http";
import { Device } from "../hub/model";
import { permissions } from "./authorization";
import { Call, deviceOf, objectBodyOf, Operation } from "./call";
import { RegistryProblem } from "./errors";
import { applyTwinChange, patchedTwin, replacedTwin, TwinChange, twinJson } from "./twin";
import { JsonObject } from "./twinRules";

export const readTwin: Operation = {
    permission: permissions.readTwins,
    isStandardOnly: true,
    limit: { name: "twinRead", operationType: "TwinRead" },
    run: (call) => shown(call, deviceOf(call)),
};

export const patchTwin: Operation = {
    permission: permissions.writeTwins,
    isStandardOnly: true,
    limit: { name: "twinUpdate", operationType: "TwinUpdate" },
    run: (call) => write(call, patchedTwin),
};

export const replaceTwin: Operation = {
    permission: permissions.writeTwins,
    isStandardOnly: true,
    limit: { name: "twinUpdate", operationType: "TwinUpdate" },
    run: (call) => write(call, replacedTwin),
};

/** If-Match is optional here; it is compared with the twin's own ETag, not the identity's. */
function write(call: Call, change: (device: Device, body: JsonObject) => TwinChange): HttpReply {
    const device = deviceOf(call);
    const expected = ifMatch(call.request.headers["if-match"]) || "*";
    if (expected !== "*" && expected !== device.twin.etag) {
        throw new RegistryProblem("PreconditionFailed", "PreconditionFailed, ETag may be invalid.");
    }
    applyTwinChange(call.context, call.hub, device, change(device, objectBodyOf(call)));
    return shown(call, device);
}

function shown(call: Call, device: Device): HttpReply {
    return {
        status: 200,
        headers: { etag: `"${device.twin.etag}"` },
        body: twinJson(call.context, call.hub, device),
    };
}
