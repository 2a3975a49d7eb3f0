import { message as messages, Message, Sender, types } from "rhea";
import { Partition, StoredEvent } from "../eventHubs/eventLog";

/** System properties that are sent as AMQP properties of an event; all others are annotations. */
const amqpProperties: Readonly<Record<string, string>> = {
    "message-id": "message_id",
    "correlation-id": "correlation_id",
    "user-id": "user_id",
    to: "to",
    "content-type": "content_type",
    "content-encoding": "content_encoding",
};

const times = new Set(["iothub-enqueuedtime", "iothub-creation-time-utc"]);

/** Sends the events of a partition on a link, within the client's credit. */
export class EventReader {
    private readonly unwatch: () => void;

    private constructor(
        private readonly link: Sender,
        private readonly partition: Partition,
        private next: number,
    ) {
        this.unwatch = partition.watch(() => this.send());
        this.send();
    }

    /** @throws Error when the emulator does not know the link's filter */
    static start(link: Sender, partition: Partition): EventReader {
        return new EventReader(link, partition, startOf(partition, selector(link)));
    }

    /** Call this whenever the client gives credit. */
    send(): void {
        while (this.link.is_open() && this.link.sendable()) {
            const event = this.partition.from(this.next);
            if (event === undefined) {
                return;
            }
            this.next = event.sequenceNumber + 1;
            this.link.send(eventMessage(event));
        }
    }

    stop(): void {
        this.unwatch();
    }
}

function selector(link: Sender): string {
    const filter = (link.source?.filter ?? {}) as Record<string, { value?: unknown } | undefined>;
    const given = filter["apache.org:selector-filter:string"];
    return String(given?.value ?? given ?? "");
}

/**
 * Event Hubs filters: by offset, sequence number or time (Azure docs: event-hubs-amqp-protocol-guide, and the SDKs).
 */
function startOf(partition: Partition, text: string): number {
    if (text === "") {
        return 0;
    }
    const match =
        /^amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time) (>=?) '([^']*)'$/.exec(
            text,
        );
    if (match === null) {
        throw new Error(`the filter ${text}`);
    }
    const [, kind, operator, value] = match;
    if (value === "@latest") {
        return partition.end;
    }
    if (kind === "enqueued-time") {
        const isWanted = ({ enqueued }: StoredEvent): boolean =>
            operator === ">" ? enqueued > Number(value) : enqueued >= Number(value);
        let at = partition.first?.sequenceNumber ?? 0;
        for (let event = partition.from(at); event !== undefined && !isWanted(event);) {
            at = event.sequenceNumber + 1;
            event = partition.from(at);
        }
        return at;
    }
    return Number(value) + (operator === ">" ? 1 : 0);
}

function eventMessage(event: StoredEvent): Message {
    const known = Object.entries(event.systemProperties);
    const properties = known
        .filter(([name]) => Object.hasOwn(amqpProperties, name))
        .map(([name, value]) => [amqpProperties[name], value]);
    const annotations = known
        .filter(([name]) => !Object.hasOwn(amqpProperties, name))
        .map(([name, value]) => [
            name,
            times.has(name) ? types.wrap_timestamp(Date.parse(value)) : value,
        ]);
    const deviceId = event.systemProperties["iothub-connection-device-id"];
    return {
        to: `/devices/${encodeURIComponent(deviceId)}/messages/events`,
        ...(Object.fromEntries(properties) as Partial<Message>),
        application_properties: { ...event.properties },
        message_annotations: {
            ...(Object.fromEntries(annotations) as Record<string, unknown>),
            "x-opt-sequence-number": types.wrap_long(event.sequenceNumber),
            "x-opt-offset": String(event.sequenceNumber),
            "x-opt-enqueued-time": types.wrap_timestamp(event.enqueued),
        },
        body: messages.data_section(event.body) as unknown,
    };
}
