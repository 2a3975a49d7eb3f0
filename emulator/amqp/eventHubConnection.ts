import { AmqpError, Connection, EventContext, Message, Receiver, Sender } from "rhea";
import { EmulatorContext } from "../context";
import { EventReader } from "./eventReader";
import { ClaimsToken, EventHost, eventHost, EventSource, Unauthorized } from "./eventSource";

const claimsNode = "$cbs";
const managementNode = "$management";

/** A refusal on a link. */
class LinkProblem extends Error {
    constructor(
        readonly condition: string,
        description: string,
    ) {
        super(description);
    }
}

/**
 * A reader's AMQP connection to an Event Hubs namespace or to a hub's built-in endpoint: first claims-based security,
 * then the properties of the Event Hub and its partitions, then a link for each partition (Azure docs:
 * event-hubs-amqp-protocol-guide). Sending to an Event Hub, epochs and groups of readers are not emulated.
 */
export class EventHubConnection {
    private host: EventHost | undefined;
    private token: ClaimsToken | undefined;
    /** Links on which requests are answered, by node. */
    private readonly replies = new Map<string, Sender>();
    private readonly readers = new Map<Sender, EventReader>();

    constructor(
        private readonly context: EmulatorContext,
        connection: Connection,
        serverName: string,
    ) {
        connection.on("connection_open", () => {
            this.host = eventHost(context, serverName);
            if (this.host === undefined) {
                connection.close({
                    condition: "amqp:not-found",
                    description: `There is no namespace ${serverName}.`,
                });
            }
        });
        connection.on("receiver_open", ({ receiver }: EventContext) =>
            this.clientSends(receiver as Receiver),
        );
        connection.on("sender_open", ({ sender }: EventContext) =>
            this.run(() => this.clientReceives(sender as Sender)),
        );
        connection.on("message", (event: EventContext) => this.run(() => this.requested(event)));
        connection.on("sendable", ({ sender }: EventContext) =>
            this.readers.get(sender as Sender)?.send(),
        );
        connection.on("sender_close", ({ sender }: EventContext) => this.end(sender as Sender));
        connection.on("disconnected", () =>
            [...this.readers.keys()].forEach((one) => this.end(one)),
        );
        // rhea prints a warning, or throws, for each of these events that has no listener.
        connection.on("connection_error", () => undefined);
        connection.on("protocol_error", (error: Error) =>
            context.log.info(`AMQP protocol error: ${error.message}`),
        );
    }

    private run(work: () => Promise<void>): void {
        work().catch((error: Error) =>
            this.context.log.warn(`AMQP request failed inside the emulator: ${error.stack}`),
        );
    }

    private end(link: Sender): void {
        this.readers.get(link)?.stop();
        this.readers.delete(link);
    }

    private clientSends(link: Receiver): void {
        const address = String(link.target?.address ?? "");
        link.set_target({ address });
        if (address !== claimsNode && address !== managementNode) {
            link.close({
                condition: "amqp:not-implemented",
                description: `The local emulator does not implement sending to ${address}. Real Azure may.`,
            });
        }
    }

    private async clientReceives(link: Sender): Promise<void> {
        const address = String(link.source?.address ?? "");
        link.set_source(link.source);
        if (address === claimsNode || address === managementNode) {
            this.replies.set(address, link);
            return;
        }
        try {
            const partition = await this.partitionAt(address);
            if (link.is_open()) {
                this.readers.set(link, EventReader.start(link, partition));
            }
        } catch (error) {
            link.close(asAmqpError(error));
        }
    }

    /** @param address `<Event Hub>/ConsumerGroups/<group>/Partitions/<ID>` */
    private async partitionAt(address: string) {
        const [, name, group, id] =
            /^([^/]+)\/ConsumerGroups\/([^/]+)\/Partitions\/([^/]+)$/i.exec(address) ?? [];
        const source = this.source(name ?? address);
        await this.demandRead(source);
        const partition = source.log.partitions.find((one) => one.id === id);
        if (partition === undefined || !source.hasConsumerGroup(group)) {
            throw new LinkProblem(
                "amqp:not-found",
                `The messaging entity '${address}' could not be found.`,
            );
        }
        return partition;
    }

    private source(name: string): EventSource {
        const source = this.host?.find(name);
        if (source === undefined) {
            throw new LinkProblem(
                "amqp:not-found",
                `The messaging entity '${name}' could not be found.`,
            );
        }
        return source;
    }

    private async demandRead(source: EventSource): Promise<void> {
        if (this.token === undefined) {
            throw new Unauthorized("Unauthorized access. No token was put.");
        }
        await source.demandRead(this.token);
    }

    private async requested({ message, delivery, receiver }: EventContext): Promise<void> {
        if (message === undefined || delivery === undefined || receiver === undefined) {
            return;
        }
        delivery.accept();
        const address = String(receiver.target?.address ?? "");
        let answer: { status: number; text: string; body?: object };
        try {
            answer =
                address === claimsNode
                    ? await this.putToken(message)
                    : { status: 200, text: "OK", body: await this.read(message) };
        } catch (error) {
            const { condition, description } = asAmqpError(error);
            const status = condition === "amqp:not-found" ? 404 : 401;
            answer = { status, text: description ?? "" };
        }
        this.replies.get(address)?.send({
            correlation_id: message.message_id,
            application_properties: {
                "status-code": answer.status,
                "status-description": answer.text,
            },
            body: answer.body,
        });
    }

    /** OASIS: AMQP Claims-based Security 1.0, 4.1. Rights are checked when a link asks for something. */
    private async putToken(request: Message): Promise<{ status: number; text: string }> {
        const properties: Record<string, unknown> = request.application_properties ?? {};
        const token = { type: String(properties.type), text: String(request.body ?? "") };
        if (this.host === undefined || properties.operation !== "put-token") {
            throw new Unauthorized("The operation does not belong to claims-based security.");
        }
        await this.host.admit(token);
        this.token = token;
        return { status: 202, text: "Accepted" };
    }

    /** Reads the properties of an Event Hub or of one of its partitions. */
    private async read(request: Message): Promise<object> {
        const asked: Record<string, unknown> = request.application_properties ?? {};
        const source = this.source(String(asked.name));
        await this.demandRead(source);
        if (asked.type === "com.microsoft:eventhub") {
            return {
                name: source.name,
                type: "com.microsoft:eventhub",
                created_at: new Date(source.createdAt),
                partition_count: source.log.partitions.length,
                partition_ids: source.log.partitions.map(({ id }) => id),
            };
        }
        const partition = source.log.partitions.find(({ id }) => id === String(asked.partition));
        if (asked.type !== "com.microsoft:partition" || partition === undefined) {
            throw new LinkProblem("amqp:not-found", "The partition could not be found.");
        }
        const { first, last } = partition;
        return {
            name: source.name,
            type: "com.microsoft:partition",
            partition: partition.id,
            begin_sequence_number: first?.sequenceNumber ?? 0,
            last_enqueued_sequence_number: last?.sequenceNumber ?? -1,
            last_enqueued_offset: String(last?.sequenceNumber ?? -1),
            last_enqueued_time_utc: new Date(last?.enqueued ?? 0),
            is_partition_empty: last === undefined,
        };
    }
}

function asAmqpError(error: unknown): AmqpError {
    if (error instanceof Unauthorized) {
        return { condition: "amqp:unauthorized-access", description: error.message };
    }
    if (error instanceof LinkProblem) {
        return { condition: error.condition, description: error.message };
    }
    const { message } = error as Error;
    return {
        condition: "amqp:not-implemented",
        description: `The local emulator does not implement ${message}. Real Azure may.`,
    };
}
