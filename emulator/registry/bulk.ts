import { HttpReply } from "../core/http";
import { Permission, permissions } from "./authorization";
import { bodyOf, Call, Operation } from "./call";
import { ErrorCode, NotEmulated, RegistryProblem } from "./errors";
import {
    checkIsNew,
    createDevice,
    fieldsOf,
    matching,
    removeDevice,
    updateDevice,
} from "./devices";
import { checkDeviceId } from "./identity";
import { checkedTwin } from "./twin";
import { isObject, JsonObject } from "./twinRules";

const mostDevices = 100;

type Mode = "create" | "update" | "updateIfMatchETag" | "delete" | "deleteIfMatchETag";

const modes: Readonly<Record<string, Mode>> = {
    create: "create",
    update: "update",
    updateifmatchetag: "updateIfMatchETag",
    delete: "delete",
    deleteifmatchetag: "deleteIfMatchETag",
};

interface Item {
    readonly deviceId: string;
    readonly mode: Mode;
    readonly etag: string;
    readonly body: JsonObject;
}

/** `DeviceRegistryOperationError` of the REST reference. */
interface ItemError {
    readonly deviceId: string;
    readonly errorCode: ErrorCode;
    readonly errorStatus: string;
    readonly operation: string;
}

/**
 * `POST /devices`: devices are processed independently, so that one failure does not affect the others; with the
 * setting `bulkIsAtomic`, one failure prevents all. Returns 200 when all succeeded, otherwise 400 with the same body,
 * `BulkRegistryOperationResult` (REST reference "Bulk Registry - Update Registry"; recorded sessions of
 * azure-sdk-for-net). Each device counts as one operation against the registry's limit.
 */
export const bulkRegistry: Operation = {
    run: async (call) => {
        // A caller without permission is refused before the body is checked.
        if (!call.caller.may(permissions.writeDevices)) {
            call.caller.demand(permissions.deleteDevices, "POST on /devices");
        }
        const items = readItems(bodyOf(call));
        for (const item of items) {
            call.caller.demand(permissionOf(item.mode), "POST on /devices");
        }
        await call.throttle.pass(call.hub, "registry", "RegistryWrite", items.length);
        const isAtomic = call.context.settings.bulkIsAtomic;
        const refused = isAtomic
            ? items.flatMap((item) => attempt(item, () => judge(call, item)))
            : [];
        return result(
            refused.length > 0
                ? refused
                : items.flatMap((item) => attempt(item, () => apply(call, item))),
        );
    },
};

function readItems(body: unknown): Item[] {
    if (!Array.isArray(body) || body.length === 0) {
        throw new RegistryProblem("ArgumentNull", "The body must be a list of devices.");
    }
    if (body.length > mostDevices) {
        throw new RegistryProblem(
            "ArgumentInvalid",
            `The list has ${body.length} devices; at most ${mostDevices} are allowed in one call.`,
        );
    }
    const items = body.map(readItem);
    const seen = new Set<string>();
    for (const { deviceId } of items) {
        if (seen.has(deviceId)) {
            throw new RegistryProblem("DeviceDefinedMultipleTimes", deviceId);
        }
        seen.add(deviceId);
    }
    return items;
}

function readItem(given: unknown): Item {
    if (!isObject(given)) {
        throw new RegistryProblem("IotHubFormatError", "each device must be a JSON object");
    }
    if (typeof given.id !== "string" || given.id === "") {
        throw new RegistryProblem("ArgumentNull", "id is missing");
    }
    if (given.moduleId !== undefined && given.moduleId !== null) {
        throw new NotEmulated("module identities");
    }
    // The service accepts names in any letter case; azure-iothub sends "UpdateIfMatchETag" and the identity's own
    // "etag".
    const wanted = String(given.importMode).toLowerCase();
    if (wanted === "updatetwin" || wanted === "updatetwinifmatchetag") {
        throw new NotEmulated(`importMode ${String(given.importMode)}`);
    }
    const mode = Object.prototype.hasOwnProperty.call(modes, wanted) ? modes[wanted] : undefined;
    if (mode === undefined) {
        throw new RegistryProblem(
            "ArgumentInvalid",
            `importMode of device '${given.id}' must be one of ${Object.values(modes).join(", ")}`,
        );
    }
    const etag = given.eTag ?? given.etag;
    return {
        deviceId: given.id,
        mode,
        etag: typeof etag === "string" ? etag : "",
        body: given,
    };
}

function permissionOf(mode: Mode): Permission {
    return mode.startsWith("delete") ? permissions.deleteDevices : permissions.writeDevices;
}

function attempt(item: Item, act: () => void): ItemError[] {
    try {
        act();
        return [];
    } catch (error) {
        if (!(error instanceof RegistryProblem)) {
            throw error;
        }
        return [
            {
                deviceId: item.deviceId,
                errorCode: error.code,
                errorStatus: error.message,
                operation: item.mode,
            },
        ];
    }
}

/** Checks an item without changing anything. @throws RegistryProblem when the item cannot be applied */
function judge(call: Call, item: Item): void {
    const deviceId = checkDeviceId(item.deviceId);
    const read = fieldsOf(call, item.body);
    if (item.mode === "create") {
        checkIsNew(call, deviceId);
        checkedTwin(item.body);
        read(undefined);
        return;
    }
    const device = matching(call, deviceId, expectedBy(item));
    if (!item.mode.startsWith("delete")) {
        read(device);
    }
}

function apply(call: Call, item: Item): void {
    const deviceId = checkDeviceId(item.deviceId);
    switch (item.mode) {
        case "create":
            return create(call, deviceId, item.body);
        case "update":
        case "updateIfMatchETag":
            updateDevice(call, deviceId, expectedBy(item), fieldsOf(call, item.body));
            return;
        case "delete":
        case "deleteIfMatchETag":
            removeDevice(call, deviceId, expectedBy(item));
    }
}

/** The twin in the body is checked before anything is created, so that a bad one leaves no device behind. */
function create(call: Call, deviceId: string, body: JsonObject): void {
    const { tags = {}, desired = {} } = checkedTwin(body);
    const device = createDevice(call, deviceId, fieldsOf(call, body));
    device.twin.tags = tags;
    device.twin.desired.values = desired;
}

function expectedBy(item: Item): string {
    if (!item.mode.endsWith("ETag")) {
        return "*";
    }
    if (item.etag === "") {
        throw new RegistryProblem("PreconditionFailed", "Etag missing");
    }
    return item.etag;
}

function result(errors: readonly ItemError[]): HttpReply {
    const isSuccessful = errors.length === 0;
    return {
        status: isSuccessful ? 200 : 400,
        headers: isSuccessful ? {} : { "iothub-errorcode": "BulkRegistryOperationFailure" },
        body: { isSuccessful, errors, warnings: [] },
    };
}
