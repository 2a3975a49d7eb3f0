import { setTimeout as sleep } from "timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { busyPause } from "./busyPauses";

/** A write that Azure refuses now and takes later. azure-native itself repeats 409 AnotherOperationInProgress alone. */
const passing = [
    // A provisioning service does not find a hub that was just made (hashicorp/terraform-provider-azurerm#18153).
    /Unable to find the IoThub|\b404002\b/i,
    // Another write of the hub is under way (Azure/bicep#2549); other meanings of 409 stay.
    /Status=409\b(?!.*(409004|not available|InvalidResourceLocation))/s,
    // The update has succeeded, and the hub is not found by the read after it (Azure/azure-rest-api-specs#27183).
    /\bResourceNotFound\b/,
];

/**
 * Repeats a write of a resource that Azure refuses for a while. To be given to resources that the run writes only: the
 * state keeps the hook's name, and a `pulumi destroy`, which runs no program, would report a missing hook in place of an
 * error of its own.
 */
export function retriedWrite(name: string): Partial<pulumi.CustomResourceOptions> {
    const monitor = pulumi.runtime.getMonitor() as object | undefined;
    if (monitor === undefined || !("registerErrorHook" in monitor)) {
        return {};
    }
    const hook = new pulumi.ErrorHook(`${name}-retried`, async ({ errors, failedOperation }) => {
        const pause = busyPause(errors.length);
        if (pause === undefined || !isPassing(failedOperation, errors[0])) {
            return false;
        }
        await sleep(pause);
        return true;
    });
    return { hooks: { onError: [hook] } };
}

/** A create that is repeated after it has made something ends with "already exists": only one that made nothing is. */
function isPassing(operation: string, error: string): boolean {
    const [unseenHub] = passing;
    return operation === "update"
        ? passing.some((pattern) => pattern.test(error))
        : operation === "create" && unseenHub.test(error);
}
