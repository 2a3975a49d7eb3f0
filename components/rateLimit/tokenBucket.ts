import { setTimeout as sleep } from "timers/promises";
import type { RateLimiter } from "./rateLimiter";

const minute = 60_000;

/**
 * Limits the rate of a stream of operations. Starts full, so an initial burst passes at once; further requests wait for
 * their turn, in the order in which they arrive.
 */
export class TokenBucket implements RateLimiter {
    private tokens: number;
    private filledAt = Date.now();
    private turn: Promise<void> = Promise.resolve();

    /** @param perMinute rate and capacity of the bucket; above 0 */
    constructor(readonly perMinute: number) {
        this.tokens = perMinute;
    }

    take(amount: number): Promise<void> {
        this.turn = this.turn.then(() => this.takeNext(amount));
        return this.turn;
    }

    onThrottled(): void {
        this.fill();
        this.tokens = 0;
    }

    private async takeNext(amount: number): Promise<void> {
        for (;;) {
            this.fill();
            if (this.tokens >= amount) {
                this.tokens -= amount;
                return;
            }
            await sleep(Math.ceil(((amount - this.tokens) * minute) / this.perMinute));
        }
    }

    private fill(): void {
        const now = Date.now();
        const gained = ((now - this.filledAt) * this.perMinute) / minute;
        this.tokens = Math.min(this.perMinute, this.tokens + gained);
        this.filledAt = now;
    }
}
