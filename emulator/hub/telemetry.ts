import { Telemetry } from "./model";

const kept = 100_000;

/** The messages that devices sent, latest last: what an application would read from the built-in endpoint. */
export class TelemetryLog {
    private messages: Telemetry[] = [];
    private total = 0;

    add(message: Telemetry): void {
        this.total += 1;
        this.messages.push(message);
        if (this.messages.length > kept + 10_000) {
            this.messages = this.messages.slice(-kept);
        }
    }

    list(filter: { hub?: string; deviceId?: string } = {}): readonly Telemetry[] {
        return this.messages.filter(
            (message) =>
                (filter.hub === undefined || message.hub === filter.hub.toLowerCase()) &&
                (filter.deviceId === undefined || message.deviceId === filter.deviceId),
        );
    }

    /** How many messages came since the last clear, including those no longer kept. */
    get count(): number {
        return this.total;
    }

    clear(): void {
        this.messages = [];
        this.total = 0;
    }
}
