/** Milliseconds without an arrival after which a batch is taken; the shortest wait applies once all are here. */
const shortestWait = 25;
const ordinaryWait = 100;
const longestWait = 1000;
/** Weight of the newest gap in the mean. */
const newest = 0.2;
/** In mean gaps: after so long without an arrival, no more are expected for now. */
const quietGaps = 8;
/** Batches up to this size are assumed to show the engine's parallelism: once as many wait again, all of them are here. */
const largestParallelism = 16;

/**
 * Collects what the engine requests in parallel, one request per resource, into batches. How long it waits for more follows
 * the rate of arrivals: the engine writes a checkpoint of the state between two of them, slower as the state grows.
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

    /** The next batch: `most` items, or fewer if no more have arrived for a while. Waits for the first. */
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
