import { stableJson } from "../dynamic/values";
import { DeviceRecord, RegistryOperation } from "./registry";

/**
 * Whether an operation has taken effect, or has nothing to do.
 *
 * @param present the device as it is; undefined if there is none
 */
export function isCarriedOut(
    operation: RegistryOperation,
    present: DeviceRecord | undefined,
): boolean {
    if (operation.mode === "delete") {
        return present === undefined;
    }
    const { mode, device } = operation;
    return (
        present !== undefined &&
        identity(present) === identity(device) &&
        // An update leaves the tags unchanged.
        (mode === "update" || hasTags(present, device))
    );
}

function identity({ status, statusReason = "", authentication }: DeviceRecord): string {
    return stableJson([status, statusReason, authentication]);
}

function hasTags(present: DeviceRecord, { tags }: DeviceRecord): boolean {
    return Object.entries(tags).every(
        ([name, value]) => stableJson(present.tags[name] ?? null) === stableJson(value),
    );
}
