import { hubLimits, HubSize } from "../azure/serviceLimits";
import { Progress } from "./progress";
import { TokenBucket } from "./tokenBucket";

/** A stream of operations under a rate. */
export interface RateLimiter {
    readonly perMinute: number;
    /** Waits until so many operations may be sent; at most a minute's amount. */
    take(amount: number): Promise<void>;
    /** The service refused with 429: others have used the rate, too. */
    onThrottled(): void;
}

/** The rate limiters of one hub, shared by all that deploys to it. */
export interface HubRateLimiters {
    /** Identity operations. */
    readonly registry: RateLimiter;
    /** Pages of queries. */
    readonly queries: RateLimiter;
    /** So many identity operations were answered. */
    done(operations: number): void;
    /** What `make` finds, which goes through JSON; made once for all that deploy to the hub in this run. */
    once<T>(what: string, make: () => Promise<T>): Promise<T>;
}

/** What an environment variable of this name holds is the address of a {@link HubRateLimiters} in another process. */
export const rateLimitServerVariable = "IOT_X509_RATE_LIMIT_SERVER";

/** For a process that has the hub for itself. */
export class LocalRateLimiters implements HubRateLimiters {
    readonly registry: RateLimiter;
    readonly queries: RateLimiter;
    readonly progress: Progress;

    constructor(size: HubSize) {
        const { registryPerMinute, queriesPerMinute } = hubLimits(size);
        this.registry = new TokenBucket(registryPerMinute);
        this.queries = new TokenBucket(queriesPerMinute);
        this.progress = new Progress(size, registryPerMinute);
    }

    done(operations: number): void {
        this.progress.wrote(operations);
    }

    once<T>(_: string, make: () => Promise<T>): Promise<T> {
        return make();
    }
}
