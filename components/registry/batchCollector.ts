/** When all that can be here are here. */
const shortestWait = 25;
const ordinaryWait = 100;
const longestWait = 1000;
/** Weight of the newest gap in the mean. */
const newest = 0.2;
/** Of gaps of the mean length; so long without another arrival means that no more come for now. */
const quietGaps = 8;
/** Batches up to this size are taken for the engine's parallelism: when as many wait again, all of them are here. */
const largestParallelism = 16;

/**
 * Gathers what the engine asks for in parallel, one request a resource, into batches. How long it waits for more follows
 * the pace of the arrivals: a checkpoint of the state lies between two of them, and those take longer as the state grows.
 */
export class BatchCollector<T> {
    private waiting: T[] = [];
    private arrivedAt = 0;
    private meanGap = 0;
    private wake: (() => void) | undefined;
    private usualSize = Infinity;

    add(item: T): void {
        const now = Date.now();
        const gap = Math.min(now - this.arrivedAt, longestWait / quietGaps);
        if (this.arrivedAt > 0) {
            this.meanGap += newest * (gap - this.meanGap);
        }
        this.arrivedAt = now;
        this.waiting.push(item);
        this.wake?.();
    }

    get size(): number {
        return this.waiting.length;
    }

    /** The next batch: `most` items, or fewer when no more have come for a while. Waits for the first. */
    async take(most: number): Promise<readonly T[]> {
        for (;;) {
            const { length } = this.waiting;
            if (length >= most) {
                return this.waiting.splice(0, most);
            }
            const quiet = length >= this.usualSize ? shortestWait : this.quietMilliseconds();
            const left = length === 0 ? undefined : this.arrivedAt + quiet - Date.now();
            if (left !== undefined && left <= 0) {
                this.usualSize = length <= largestParallelism ? length : Infinity;
                return this.waiting.splice(0);
            }
            await this.arrivalOr(left);
        }
    }

    private quietMilliseconds(): number {
        return Math.min(longestWait, Math.max(ordinaryWait, quietGaps * this.meanGap));
    }

    private arrivalOr(milliseconds: number | undefined): Promise<void> {
        return new Promise((resolve) => {
            const timer =
                milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
            this.wake = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }
}
