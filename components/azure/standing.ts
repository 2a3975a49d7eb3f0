import { setTimeout as sleep } from "timers/promises";
import { AzureError } from "./client";
import { confirmations } from "./confirmations";

/** IDs of what was confirmed to be gone. */
const gone = new Set<string>();

/**
 * Reads something of a hub or provisioning service that should be there. That it is not is asked again, because whoever
 * takes it for gone drops all that is on it from the state; that its whole resource group is not needs no confirmation.
 *
 * @param id ARM resource ID
 * @throws AzureError 404 when it is gone
 */
export async function readStanding<T>(id: string, read: () => Promise<T>): Promise<T> {
    const key = id.toLowerCase();
    for (let attempt = 0; ; attempt++) {
        try {
            const found = await read();
            gone.delete(key);
            return found;
        } catch (error) {
            if (!isUnfound(error) || gone.has(key)) {
                throw error;
            }
            if (attempt === confirmations.length) {
                gone.add(key);
                throw error;
            }
        }
        await sleep(confirmations[attempt] * 1000);
    }
}

function isUnfound(error: unknown): boolean {
    return error instanceof AzureError && error.status === 404 && error.code === "ResourceNotFound";
}
