import { hubLimits, HubSize } from "../azure/serviceLimits";
import { Progress } from "./progress";
import { HubRateLimiters, RateLimiter } from "./rateLimiter";
import { TokenBucket } from "./tokenBucket";

/** For a process that has the hub to itself. */
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
