import { Twin } from "../hub/model";
import { RegistryProblem } from "../registry/errors";
import { checkSection, isObject, merge, withoutService } from "../registry/twinRules";

/** Largest section of reported properties, in bytes (Azure docs: iot-hub-devguide-device-twins). */
const largestSection = 32 * 1024;

/**
 * Merges a device's patch into its reported properties; null removes a property.
 *
 * @returns what is wrong with the patch, or undefined when it was applied
 */
export function patchReported(twin: Twin, payload: Buffer, now: Date): string | undefined {
    let patch: unknown;
    try {
        patch = JSON.parse(payload.toString("utf8"));
    } catch {
        return "the payload is not JSON";
    }
    if (!isObject(patch)) {
        return "the payload must be a JSON object";
    }
    const merged = merge(twin.reported.values, withoutService(patch));
    try {
        checkSection("properties.reported", merged, largestSection);
    } catch (error) {
        if (error instanceof RegistryProblem) {
            return error.message;
        }
        throw error;
    }
    twin.reported.values = merged;
    twin.reported.version += 1;
    twin.reported.updated = now.toISOString();
    twin.version += 1;
    return undefined;
}

/** A device's own view of its twin: no tags, no metadata. */
export function twinForDevice(twin: Twin): unknown {
    return {
        desired: { ...twin.desired.values, $version: twin.desired.version },
        reported: { ...twin.reported.values, $version: twin.reported.version },
    };
}
