import { HttpRequest } from "./http";

export interface TrafficEntry {
    readonly time: string;
    readonly method: string;
    readonly host: string;
    /** Path with query. */
    readonly path: string;
    /** HTTP status sent, or what happened instead of a reply. */
    readonly outcome: number | string;
}

const kept = 20_000;

/** Counts the HTTP requests received, for tests and benchmarks. Bodies and headers are not kept. */
export class Traffic {
    private entries: TrafficEntry[] = [];
    private total = 0;

    record(request: HttpRequest, outcome: number | string): void {
        this.total += 1;
        this.entries.push({
            time: new Date().toISOString(),
            method: request.method,
            host: request.host.name,
            path: request.url.pathname + request.url.search,
            outcome,
        });
        if (this.entries.length > 2 * kept) {
            this.entries = this.entries.slice(-kept);
        }
    }

    /** The number of requests since the last clear, and the latest of them in full. */
    report(): { readonly total: number; readonly requests: readonly TrafficEntry[] } {
        return { total: this.total, requests: this.entries.slice(-kept) };
    }

    clear(): void {
        this.entries = [];
        this.total = 0;
    }
}
