import { setTimeout as sleep } from "timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { busyPause } from "./busyPauses";

/** Errors that Azure resolves by itself. azure-native retries only 409 AnotherOperationInProgress. */
const passing = [
    // A provisioning service does not find a new hub at once (hashicorp/terraform-provider-azurerm#18153).
    /Unable to find the IoThub|\b404002\b/i,
    // Another write of the hub is in progress (Azure/bicep#2549); other causes of 409 are permanent.
    /Status=409\b(?!.*(409004|not available|InvalidResourceLocation))/s,
    // The update succeeded, but the read after it does not find the hub (Azure/azure-rest-api-specs#27183).
    /\bResourceNotFound\b/,
];

/**
 * Repeats a write that Azure refuses temporarily. Pass it only to resources that this run writes: the state keeps the
 * hook's name, and `pulumi destroy`, which does not run the program, would report the missing hook instead of its own
 * error.
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

/** Admits a create only if it created nothing; otherwise its repetition would fail with "already exists". */
function isPassing(operation: string, error: string): boolean {
    const [unseenHub] = passing;
    return operation === "update"
        ? passing.some((pattern) => pattern.test(error))
        : operation === "create" && unseenHub.test(error);
}
