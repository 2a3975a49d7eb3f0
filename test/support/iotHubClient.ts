import { RestError } from "@azure/core-rest-pipeline";
import { rejects } from "assert";

export * from "../../bench/support/iotHubClient";

/** Expects a refusal with this status whose message matches. */
export async function refused(
    action: Promise<unknown>,
    status: number,
    message: RegExp,
): Promise<void> {
    await rejects(action, (error: RestError) => {
        const matches = error.statusCode === status && message.test(error.message);
        if (!matches) {
            throw new Error(
                `expected ${status} ${message}, got ${error.statusCode} ${error.message}`,
            );
        }
        return true;
    });
}
