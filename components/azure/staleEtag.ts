import { AzureError } from "./client";

/** How often a read and write is tried, because others may change the resource in between. */
export const attempts = 6;

/** Whether an error means that the ETag was outdated. */
export function isStaleEtag(error: unknown): boolean {
    return error instanceof AzureError && error.status === 412;
}

/** Runs a read and a write with the ETag read; repeats both if somebody else wrote in between. */
export async function retryStale<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
        try {
            return await call();
        } catch (error) {
            if (!isStaleEtag(error) || attempt >= attempts) {
                throw error;
            }
        }
    }
}
