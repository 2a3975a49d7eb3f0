/** A rate-limited stream of operations. */
export interface RateLimiter {
    readonly perMinute: number;
    /** Waits until that many operations may be sent; at most a minute's amount. */
    take(amount: number): Promise<void>;
    /** The service refused with 429: others use the rate, too. */
    onThrottled(): void;
}

/** The rate limiters of one hub, shared by everything that deploys to it. */
export interface HubRateLimiters {
    /** Identity operations. */
    readonly registry: RateLimiter;
    /** Pages of queries. */
    readonly queries: RateLimiter;
    /** Reports that so many identity operations have been answered. */
    done(operations: number): void;
    /** The result of `make`, which must survive JSON; produced once for all that deploy to the hub in this run. */
    once<T>(what: string, make: () => Promise<T>): Promise<T>;
}
