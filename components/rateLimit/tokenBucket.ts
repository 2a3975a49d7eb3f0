import { setTimeout as sleep } from "timers/promises";
import type { RateLimiter } from "./rateLimiter";

const minute = 60_000;

/**
 * Keeps a stream of operations under a rate. Starts full, so that much may go at once; what is taken beyond that waits
 * for its turn, in the order of asking.
 */
export class TokenBucket implements RateLimiter {
    private tokens: number;
    private filledAt = Date.now();
    private turn: Promise<void> = Promise.resolve();

    /** @param perMinute rate, and how much the bucket holds; above 0 */
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
