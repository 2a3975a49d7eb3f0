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
