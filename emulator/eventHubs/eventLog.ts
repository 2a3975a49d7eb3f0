import { createHash } from "crypto";

/** The most events that a partition keeps; older ones are dropped, as if their retention had ended. */
const kept = 10_000;

/** An event as IoT Hub writes it (Azure docs: iot-hub-devguide-messages-construct). */
export interface NewEvent {
    readonly body: Buffer;
    /** Application properties. */
    readonly properties: Readonly<Record<string, string>>;
    /** `message-id`, `iothub-connection-device-id`, … */
    readonly systemProperties: Readonly<Record<string, string>>;
    /** Events with the same key are in the same partition, in order. */
    readonly partitionKey: string;
    /** Milliseconds since the epoch. */
    readonly enqueued: number;
}

export interface StoredEvent extends NewEvent {
    readonly sequenceNumber: number;
}

export class Partition {
    private events: StoredEvent[] = [];
    private next = 0;
    private readonly watchers = new Set<() => void>();

    constructor(readonly id: string) {}

    append(event: NewEvent): void {
        this.events.push({ ...event, sequenceNumber: this.next++ });
        if (this.events.length > kept * 1.1) {
            this.events = this.events.slice(-kept);
        }
        this.watchers.forEach((wake) => wake());
    }

    /** The first stored event at or after this sequence number. */
    from(sequenceNumber: number): StoredEvent | undefined {
        const oldest = this.events[0]?.sequenceNumber ?? 0;
        return this.events[Math.max(sequenceNumber - oldest, 0)];
    }

    get first(): StoredEvent | undefined {
        return this.events[0];
    }

    get last(): StoredEvent | undefined {
        return this.events[this.events.length - 1];
    }

    /** The sequence number of the next event. */
    get end(): number {
        return this.next;
    }

    /** Calls `wake` after each event. Returns a function that stops this. */
    watch(wake: () => void): () => void {
        this.watchers.add(wake);
        return () => this.watchers.delete(wake);
    }
}

/** The events of an Event Hub, or of a hub's built-in endpoint. They do not survive a restart. */
export class EventLog {
    readonly partitions: readonly Partition[];

    constructor(partitionCount: number) {
        this.partitions = Array.from({ length: partitionCount }, (_, id) => new Partition(`${id}`));
    }

    append(event: NewEvent): void {
        const digest = createHash("sha256").update(event.partitionKey).digest();
        this.partitions[digest.readUInt32BE(0) % this.partitions.length].append(event);
    }
}
