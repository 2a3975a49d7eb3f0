import { AzureError } from "./client";

/** Whether Azure lets this login not do that: 403 of a call of ours or of azure-native's. */
export function isForbidden(error: unknown): boolean {
    return error instanceof AzureError
        ? error.status === 403
        : /AuthorizationFailed|Status=403\b|\b403 Forbidden\b/.test(String(error));
}
