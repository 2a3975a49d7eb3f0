import { setTimeout as sleep } from "timers/promises";
import { busyPause } from "./busyPauses";
import { AzureError } from "./client";

/**
 * Makes a Resource Manager call, and repeats it while Azure refuses it because another write of the same hub or
 * provisioning service is in progress (409; Azure/bicep#2549).
 */
export async function whenFree<T>(call: () => Promise<T>): Promise<T> {
    for (let failed = 1; ; failed++) {
        try {
            return await call();
        } catch (error) {
            const isBusy = error instanceof AzureError && error.status === 409;
            const pause = isBusy ? busyPause(failed) : undefined;
            if (pause === undefined) {
                throw error;
            }
            await sleep(pause);
        }
    }
}
