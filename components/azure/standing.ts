import { setTimeout as sleep } from "timers/promises";
import { AzureError } from "./client";
import { confirmations } from "./confirmations";

/** IDs of resources that are confirmed to be gone. */
const gone = new Set<string>();

/**
 * Reads from a hub or provisioning service that should exist. Repeats the read if the service is not found, because the
 * caller then drops everything on it from the state. A missing resource group needs no confirmation.
 *
 * @param id ARM resource ID
 * @throws AzureError 404 if it is gone
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
