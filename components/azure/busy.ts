import { setTimeout as sleep } from "timers/promises";
import { AzureError } from "./client";

/** Seconds between two attempts at a hub that another write keeps busy; an update of one takes Azure a minute or two. */
const pauses = [1, 2, 4, 8, 15, 30, 60];

/**
 * Makes a call of Resource Manager; again when it is refused because another write of the same hub or provisioning
 * service is under way (409; Azure/bicep#2549).
 */
export async function whenFree<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
        try {
            return await call();
        } catch (error) {
            const isBusy = error instanceof AzureError && error.status === 409;
            if (!isBusy || attempt === pauses.length) {
                throw error;
            }
        }
        // Those that were refused together must not come back together.
        await sleep(pauses[attempt] * (500 + Math.random() * 500));
    }
}
