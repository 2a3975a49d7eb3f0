import { endOfCa, EstPolicy } from "./policy";
import type { RefusalReason } from "./refusal";

const day = 24 * 3600 * 1000;
/** Upper bounds of the latency's buckets, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counters of one process, as Prometheus reads them (text format 0.0.4). */
export class Metrics {
    private readonly issued = new Map<string, number>();
    private readonly refused = new Map<string, number>();
    private readonly buckets = bounds.map(() => 0);
    private count = 0;
    private seconds = 0;

    countIssued(group: string, by: string): void {
        increase(this.issued, `group="${group}",by="${by}"`);
    }

    countRefused(reason: RefusalReason): void {
        increase(this.refused, `reason="${reason}"`);
    }

    /** One answered request. */
    countSeconds(seconds: number): void {
        this.count++;
        this.seconds += seconds;
        bounds.forEach((bound, index) => {
            this.buckets[index] += seconds <= bound ? 1 : 0;
        });
    }

    text({ groups }: EstPolicy, serverEnd: Date, now: Date): string {
        const ends = [...groups.values()].flatMap(({ name, trusted }) =>
            trusted.map((authority): [string, number] => [
                `group="${name}",authority="${authority.name}"`,
                (endOfCa(authority).getTime() - now.getTime()) / day,
            ]),
        );
        const latency = bounds.map((bound, index): [string, number] => [
            `le="${bound}"`,
            this.buckets[index],
        ]);
        return [
            ...family("est_issued_total", "counter", "Certificates issued.", [...this.issued]),
            ...family("est_refused_total", "counter", "Requests refused.", [...this.refused]),
            ...family("est_ca_days_left", "gauge", "Days until a trusted CA expires.", ends),
            ...family(
                "est_server_days_left",
                "gauge",
                "Days until the service's own certificate expires.",
                [["", (serverEnd.getTime() - now.getTime()) / day]],
            ),
            "# HELP est_request_seconds Time from request to answer.",
            "# TYPE est_request_seconds histogram",
            ...[...latency, ['le="+Inf"', this.count] as const].map(
                ([labels, value]) => `est_request_seconds_bucket{${labels}} ${value}`,
            ),
            `est_request_seconds_sum ${this.seconds}`,
            `est_request_seconds_count ${this.count}`,
            ...family("est_resident_bytes", "gauge", "Memory of the process.", [
                ["", process.memoryUsage.rss()],
            ]),
            "",
        ].join("\n");
    }
}

function increase(counts: Map<string, number>, labels: string): void {
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
}

function family(
    name: string,
    type: string,
    help: string,
    values: readonly (readonly [string, number])[],
): string[] {
    return [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...values.map(([labels, value]) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}`),
    ];
}
