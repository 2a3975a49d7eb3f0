import { setTimeout as sleep } from "timers/promises";
import { busyPause } from "./busyPauses";
import { AzureError } from "./client";

/**
 * Makes a call of Resource Manager; again when it is refused because another write of the same hub or provisioning
 * service is under way (409; Azure/bicep#2549).
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
