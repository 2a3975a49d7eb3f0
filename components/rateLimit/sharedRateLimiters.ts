import { ClientRequest, IncomingMessage, request } from "http";
import { text } from "stream/consumers";
import { hubLimits, HubSize } from "../azure/serviceLimits";
import type { HubRateLimiters, RateLimiter } from "./rateLimiter";

/** A request from a deploying process to the rate limit server. */
export interface RateLimitRequest {
    readonly hub: string;
    readonly size: HubSize;
    readonly limit: "registry" | "queries";
    /** `claim` asks for the value that `what` names; `answer` supplies it. */
    readonly action: "take" | "refused" | "claim" | "answer";
    readonly amount: number;
    readonly what?: string;
    /** JSON. */
    readonly answer?: string;
}

/** Status: the deployment is being stopped. */
export const stoppedStatus = 503;
/** Status: done. */
const doneStatus = 204;
/** Status of a claim that nobody has answered: its sender must do so, and holds the claim until its request ends. */
export const claimedStatus = 202;

/** The header by which the rate limit server recognizes its own processes. */
export function authorization(token: string): string {
    return `Bearer ${token}`;
}

/**
 * The rate limiters of a hub, kept by the process that deploys several stacks to it at once. A response may take many
 * minutes, because the server delays it for as long as the sender must wait.
 *
 * @param address `http://TOKEN@127.0.0.1:PORT`, which must not appear in any log or error
 */
export function sharedRateLimiters(address: string, hub: string, size: HubSize): HubRateLimiters {
    const { registryPerMinute, queriesPerMinute } = hubLimits(size);
    const tell = (
        limit: RateLimitRequest["limit"],
        action: RateLimitRequest["action"],
        amount: number,
    ) => post(address, { hub, size, limit, action, amount });
    const ofQueries = { hub, size, limit: "queries", amount: 0 } as const;
    const limiter = (limit: RateLimitRequest["limit"], perMinute: number): RateLimiter => ({
        perMinute,
        take: (amount) => tell(limit, "take", amount),
        onThrottled: () => void tell(limit, "refused", 0).catch(unimportant),
    });
    return {
        registry: limiter("registry", registryPerMinute),
        queries: limiter("queries", queriesPerMinute),
        // The fleet command derives the progress of the whole fleet from the engines' events.
        done: () => undefined,
        once: async <T>(what: string, make: () => Promise<T>): Promise<T> => {
            const { call, answer } = await send(address, { ...ofQueries, action: "claim", what });
            if (answer.statusCode === 200) {
                return JSON.parse(await text(answer)) as T;
            }
            try {
                expectStatus(answer, claimedStatus);
                const made = await make();
                const given = JSON.stringify(made);
                // If it is lost or too large, the next claimant produces it again.
                await post(address, { ...ofQueries, action: "answer", what, answer: given }).catch(
                    unimportant,
                );
                return made;
            } finally {
                call.destroy();
            }
        },
    };
}

/** For messages that only inform: losing one does no harm. */
function unimportant(): void {
    // Nothing depends on it.
}

async function post(address: string, message: RateLimitRequest): Promise<void> {
    const { answer } = await send(address, message);
    answer.resume();
    expectStatus(answer, doneStatus);
}

/** @throws Error when another program listens there, or one that does not understand the request */
function expectStatus({ statusCode }: IncomingMessage, wanted: number): void {
    if (statusCode !== wanted) {
        throw new Error(`the fleet's rate limit server returned HTTP ${statusCode}`);
    }
}

interface Exchange {
    readonly call: ClientRequest;
    readonly answer: IncomingMessage;
}

/** @throws Error when the deployment is being stopped */
function send(address: string, message: RateLimitRequest): Promise<Exchange> {
    return new Promise((resolve, reject) => {
        const { username, hostname, port } = urlOf(address);
        // A connection of its own: the other side may close an idle one just as the next message is sent.
        const options = {
            host: hostname,
            port,
            method: "POST",
            headers: { authorization: authorization(username) },
            agent: false,
        };
        const call = request(options, (answer) => {
            if (answer.statusCode === stoppedStatus) {
                answer.resume();
                reject(
                    new Error(
                        "stopped before the request was sent to the hub; the next run continues here",
                    ),
                );
            } else {
                resolve({ call, answer });
            }
        });
        call.on("error", reject);
        call.end(JSON.stringify(message));
    });
}

/** Node's own error would show the address, and the token in it. */
function urlOf(address: string): URL {
    if (!URL.canParse(address)) {
        throw new Error("the address of the fleet's rate limit server is not a URL");
    }
    return new URL(address);
}
