import { HubSize } from "../azure/serviceLimits";

const firstAfter = 10_000;
const every = 15_000;

/** Reports the progress of a large fleet while a hub's throttling makes it wait. Silent for work of a few seconds. */
export class Progress {
    private readonly since = Date.now();
    private said = this.since + firstAfter - every;
    private unchanged = 0;
    private written = 0;
    private total = 0;

    /** @param perMinute identity operations that this process may send per minute */
    constructor(
        private readonly hub: HubSize,
        private readonly perMinute: number,
    ) {}

    /** How many devices the program lists, and how many of them need no change. */
    expect(total: number, unchanged: number): void {
        this.total = total;
        this.unchanged = unchanged;
    }

    wrote(operations: number): void {
        this.written += operations;
        const now = Date.now();
        const line = this.line(now);
        if (line !== undefined && now - this.said >= every) {
            this.said = now;
            console.log(line);
        }
    }

    /** `340 of 1,000 identities, about 4 min left at S1 x 1`; undefined when nothing is left. */
    line(now: number): string | undefined {
        const done = this.unchanged + this.written;
        const left = this.total - done;
        if (left <= 0) {
            return undefined;
        }
        const pace = Math.min(this.perMinute, (this.written * 60_000) / (now - this.since));
        const minutes = Math.max(1, Math.round(left / pace));
        const { sku, units } = this.hub;
        return (
            `${count(done)} of ${count(this.total)} identities, ` +
            `about ${count(minutes)} min left at ${sku} x ${units}`
        );
    }
}

function count(value: number): string {
    return value.toLocaleString("en-US");
}
