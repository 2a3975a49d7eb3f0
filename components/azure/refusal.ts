import { AzureError } from "./client";

/** Whether Azure forbids this login the operation: 403 to one of our calls or azure-native's. */
export function isForbidden(error: unknown): boolean {
    return error instanceof AzureError
        ? error.status === 403
        : /AuthorizationFailed|Status=403\b|\b403 Forbidden\b/.test(String(error));
}
