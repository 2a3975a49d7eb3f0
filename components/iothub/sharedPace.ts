import { request } from "http";
import { hubLimits, HubSize } from "./hubLimits";
import type { HubPace, Pace } from "./pace";

/** What a deploying process asks of the one that keeps the pace. */
export interface PaceRequest {
    readonly hub: string;
    readonly size: HubSize;
    readonly limit: "registry" | "queries";
    readonly action: "take" | "refused" | "done";
    readonly amount: number;
}

/** The status that says that the deployment is being stopped. */
export const stoppedStatus = 503;

/**
 * The pace of a hub, kept by the process that deploys several stacks to it at once. An answer may take many minutes,
 * because it is the waiting.
 *
 * @param address `http://127.0.0.1:PORT`
 */
export function sharedPace(address: string, hub: string, size: HubSize): HubPace {
    const { registryPerMinute, queriesPerMinute } = hubLimits(size);
    const tell = (limit: PaceRequest["limit"], action: PaceRequest["action"], amount: number) =>
        post(address, { hub, size, limit, action, amount });
    const pace = (limit: PaceRequest["limit"], perMinute: number): Pace => ({
        perMinute,
        take: (amount) => tell(limit, "take", amount),
        refused: () => void tell(limit, "refused", 0).catch(unimportant),
    });
    return {
        registry: pace("registry", registryPerMinute),
        queries: pace("queries", queriesPerMinute),
        done: (operations) => void tell("registry", "done", operations).catch(unimportant),
    };
}

/** What only tells something may get lost. */
function unimportant(): void {
    // Nothing depends on it.
}

function post(address: string, message: PaceRequest): Promise<void> {
    return new Promise((resolve, reject) => {
        const call = request(address, { method: "POST" }, (answer) => {
            answer.resume();
            if (answer.statusCode === stoppedStatus) {
                reject(
                    new Error("stopped before it was sent to the hub; the next run goes on here"),
                );
            } else {
                resolve();
            }
        });
        call.on("error", reject);
        call.end(JSON.stringify(message));
    });
}
