const minute = 60_000;

/** How often each of many clients may ask. Remembers the clients of the last minutes, and no more than it may. */
export class RequestRate {
    private readonly clients = new Map<string, { tokens: number; at: number }>();

    /**
     * @param perMinute rate and burst of one client
     * @param most clients that are remembered; the ones that asked longest ago are forgotten first
     */
    constructor(
        private readonly perMinute: number,
        private readonly most = 50_000,
    ) {}

    /** Takes one request. @returns seconds to wait; 0: it may go on */
    take(client: string, now: number): number {
        const before = this.clients.get(client) ?? { tokens: this.perMinute, at: now };
        const gained = ((now - before.at) * this.perMinute) / minute;
        const tokens = Math.min(this.perMinute, before.tokens + gained);
        this.clients.delete(client);
        const isFree = tokens >= 1;
        this.clients.set(client, { tokens: isFree ? tokens - 1 : tokens, at: now });
        for (const oldest of this.clients.keys()) {
            if (this.clients.size <= this.most) {
                break;
            }
            this.clients.delete(oldest);
        }
        return isFree ? 0 : Math.ceil(((1 - tokens) * minute) / this.perMinute / 1000);
    }
}
