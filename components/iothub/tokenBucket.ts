import { setTimeout as sleep } from "timers/promises";

const minute = 60_000;

/**
 * Keeps a stream of operations under a rate. Starts full, so that much may go at once; what is taken beyond that waits
 * for its turn.
 */
export class TokenBucket {
    private tokens: number;
    private filledAt = Date.now();

    /** @param perMinute rate, and how much the bucket holds; above 0 */
    constructor(readonly perMinute: number) {
        this.tokens = perMinute;
    }

    /** Waits until `amount`, at most what the bucket holds, is there, and takes it. Callers take one after the other. */
    async take(amount: number): Promise<void> {
        for (;;) {
            this.fill();
            if (this.tokens >= amount) {
                this.tokens -= amount;
                return;
            }
            await sleep(Math.ceil(((amount - this.tokens) * minute) / this.perMinute));
        }
    }

    /** The service refused: others have used the rate, too, so nothing of it is left. */
    empty(): void {
        this.fill();
        this.tokens = 0;
    }

    private fill(): void {
        const now = Date.now();
        const gained = ((now - this.filledAt) * this.perMinute) / minute;
        this.tokens = Math.min(this.perMinute, this.tokens + gained);
        this.filledAt = now;
    }
}
