import type { EngineEvent } from "@pulumi/pulumi/automation";
import { isPartType } from "./placement";
import { operationsDone } from "./report";

const firstAfter = 10_000;
const every = 15_000;

/** Progress of a fleet, from the events of all its stacks' engines. Silent for runs of a few seconds. */
export class FleetProgress {
    private readonly since: number;
    private said: number;
    private visited = 0;
    private readonly changes: Record<string, number> = {};

    /** @param expected device resources that the settings list or a state holds */
    constructor(
        private readonly expected: number,
        now: number,
    ) {
        this.since = now;
        this.said = now + firstAfter - every;
    }

    take({ resOutputsEvent, resOpFailedEvent }: EngineEvent): void {
        const { metadata } = resOutputsEvent ?? resOpFailedEvent ?? {};
        if (metadata === undefined || !isPartType(metadata.type) || metadata.op === "refresh") {
            return;
        }
        this.visited++;
        if (resOutputsEvent !== undefined && metadata.op !== "same") {
            this.changes[metadata.op] = (this.changes[metadata.op] ?? 0) + 1;
        }
    }

    /** {@link line}, if enough time has passed since the last one. */
    due(now: number): string | undefined {
        const line = now - this.said >= every ? this.line(now) : undefined;
        if (line !== undefined) {
            this.said = now;
        }
        return line;
    }

    /** `340 of 2,000 device resources (100 created, 240 unchanged), about 4 min left`; undefined before the first and after the last. */
    line(now: number): string | undefined {
        const left = this.expected - this.visited;
        if (left <= 0 || this.visited === 0) {
            return undefined;
        }
        const changed = Object.values(this.changes).reduce((sum, count) => sum + count, 0);
        const counts = operationsDone({ ...this.changes, same: this.visited - changed });
        const minutes = Math.max(1, Math.round((left * (now - this.since)) / changed / 60_000));
        const time = changed === 0 ? "" : `, about ${minutes.toLocaleString("en-US")} min left`;
        return (
            `${this.visited.toLocaleString("en-US")} of ${this.expected.toLocaleString("en-US")} device resources ` +
            `(${counts})${time}`
        );
    }
}
