import { AzureError } from "./client";

/** Others may change a resource between our calls; so often we begin again. */
export const attempts = 6;

/** Whether an error says that the ETag was not the newest. */
export function isStaleEtag(error: unknown): boolean {
    return error instanceof AzureError && error.status === 412;
}

/** Makes calls of which one carries the ETag that another has read; again when somebody was faster. */
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
