import { randomUUID } from "crypto";
import { HttpReply } from "../core/http";
import { ArmRequest } from "./routes";

interface Operation {
    readonly id: string;
    /** Lower-case ARM ID of the resource that the operation works on. */
    readonly target: string;
    isDone: boolean;
}

/** The polling interval that clients are told to use, in seconds. */
const pollSeconds = "1";

/**
 * Asynchronous operations: work that Azure accepts at once and finishes later (Azure docs:
 * azure-resource-manager/management/async-operations). They do not survive a restart.
 */
export class Operations {
    private readonly byId = new Map<string, Operation>();

    /** Runs `finish` after the given number of seconds of real time. Returns the operation's ID. */
    start(target: string, seconds: number, finish: () => void): string {
        const id = Buffer.from(`os_ih_${randomUUID()}`).toString("base64url");
        const operation: Operation = { id, target: target.toLowerCase(), isDone: false };
        this.byId.set(id, operation);
        const timer = setTimeout(() => {
            // A reset discards the operation and everything that it would have changed.
            if (this.byId.get(id) === operation) {
                finish();
                operation.isDone = true;
            }
        }, seconds * 1000);
        timer.unref();
        return id;
    }

    isRunning(target: string): boolean {
        const wanted = target.toLowerCase();
        return [...this.byId.values()].some((one) => one.target === wanted && !one.isDone);
    }

    isKnown(id: string): boolean {
        return this.byId.has(id);
    }

    isDone(id: string): boolean {
        return this.byId.get(id)?.isDone === true;
    }

    reset(): void {
        this.byId.clear();
    }
}

/**
 * The headers of an accepted Microsoft.Devices operation; `results` is the collection where hubs or provisioning
 * services are polled. `Retry-After` keeps clients from using their own default of up to 30 seconds between polls.
 */
export function operationHeaders(
    request: ArmRequest,
    subscriptionId: string,
    location: string,
    operationId: string,
    results: "operationResults?operationSource=other" | "provisioningserviceoperationresults",
): Record<string, string> {
    const [collection, query] = results.split("?");
    const base =
        `https://${request.host.cloud.arm}/subscriptions/${subscriptionId}/providers/Microsoft.Devices` +
        `/locations/${location}/${collection}/${operationId}` +
        `?api-version=${request.apiVersion}${query === undefined ? "" : `&${query}`}`;
    return {
        "azure-asyncoperation": `${base}&asyncinfo`,
        location: base,
        "retry-after": pollSeconds,
    };
}

/** `Location` and `Retry-After` of an accepted operation that is polled only by its location. */
export function locationHeaders(
    request: ArmRequest,
    subscriptionId: string,
    operationId: string,
): Record<string, string> {
    return {
        location:
            `https://${request.host.cloud.arm}/subscriptions/${subscriptionId}` +
            `/operationresults/${operationId}?api-version=${request.apiVersion}`,
        "retry-after": pollSeconds,
    };
}

/** The reply to a poll of the `azure-asyncoperation` URL. */
export function statusReply(isDone: boolean): HttpReply {
    return isDone
        ? { status: 200, body: { status: "Succeeded" } }
        : { status: 200, headers: { "retry-after": pollSeconds }, body: { status: "Running" } };
}

/** The reply to a poll of the `Location` URL. */
export function locationReply(request: ArmRequest, isDone: boolean): HttpReply {
    return isDone
        ? { status: 200 }
        : {
              status: 202,
              headers: { location: request.url.toString(), "retry-after": pollSeconds },
          };
}
