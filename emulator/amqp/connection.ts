import { AmqpError, Connection, EventContext, Message, Receiver, Sender } from "rhea";
import { EmulatorContext } from "../context";
import { Hub } from "../hub/model";
import { Permission, permissions, authenticate } from "../registry/authorization";
import { ErrorCode, numberedText, RegistryProblem } from "../registry/errors";
import { enqueue } from "./cloudToDevice";

/**
 * AMQP conditions by which SDKs distinguish errors (azure-iothub `amqp_common_errors.js`, `amqp_service_errors.js`).
 */
const conditions: Partial<Record<ErrorCode, string>> = {
    DeviceNotFound: "amqp:not-found",
    IotHubNotFound: "amqp:not-found",
    DeviceMaximumQueueDepthExceeded: "amqp:resource-limit-exceeded",
    MessageTooLarge: "amqp:link:message-size-exceeded",
    IotHubUnauthorizedAccess: "amqp:unauthorized-access",
    IotHubUnauthorized: "amqp:unauthorized-access",
};

const claimsNode = "$cbs";
const sendNode = "/messages/devicebound";

/** Nodes from which a service receives. The emulator keeps these links open but has nothing to send. */
const receiveNodes: Readonly<Record<string, Permission>> = {
    "/messages/servicebound/feedback": permissions.receiveFeedback,
    "/messages/servicebound/filenotifications": permissions.receiveFileNotifications,
};

/**
 * The AMQP connection of one service client: first claims-based security (a token put to `$cbs`), then messages to
 * devices on a link to `/messages/devicebound` (Azure docs: iot-hub-amqp-support).
 */
export class ServiceConnection {
    private hub: Hub | undefined;
    /** The latest token. It is checked again at every use, since it may have expired or lost its rights. */
    private token: string | undefined;
    private claimsReplies: Sender | undefined;

    constructor(
        private readonly context: EmulatorContext,
        connection: Connection,
        private readonly serverName: string | undefined,
    ) {
        connection.on("connection_open", () => this.opened(connection));
        connection.on("receiver_open", ({ receiver }: EventContext) =>
            this.run(() => this.clientSends(receiver as Receiver)),
        );
        connection.on("sender_open", ({ sender }: EventContext) =>
            this.run(() => this.clientReceives(sender as Sender)),
        );
        connection.on("message", (event: EventContext) => this.run(() => this.received(event)));
        // rhea prints a warning, or throws, for each of these events that has no listener.
        connection.on("disconnected", () => undefined);
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

    private opened(connection: Connection): void {
        const hubs = this.context.hubs;
        const name = connection.hostname ?? this.serverName ?? "";
        const hub = hubs.byHostName(name) ?? hubs.byHostName(this.serverName ?? "");
        if (hub?.state !== "Active") {
            connection.close(
                this.error(new RegistryProblem("IotHubNotFound", `There is no IoT hub ${name}.`)),
            );
            return;
        }
        this.hub = hub;
    }

    private async clientSends(link: Receiver): Promise<void> {
        const address = String(link.target?.address ?? "");
        link.set_target({ address });
        if (address === claimsNode) {
            return;
        }
        if (address.toLowerCase() !== sendNode) {
            link.close(notEmulated(address));
            return;
        }
        await this.closeUnlessAllowed(link, permissions.sendMessages, address);
    }

    private async clientReceives(link: Sender): Promise<void> {
        const address = String(link.source?.address ?? "");
        link.set_source({ address });
        if (address === claimsNode) {
            this.claimsReplies = link;
            return;
        }
        const wanted = receiveNodes[address.toLowerCase()];
        if (wanted === undefined) {
            link.close(notEmulated(address));
            return;
        }
        await this.closeUnlessAllowed(link, wanted, address);
    }

    private async closeUnlessAllowed(
        link: Receiver | Sender,
        wanted: Permission,
        address: string,
    ): Promise<void> {
        try {
            await this.demand(wanted, address);
        } catch (error) {
            link.close(this.error(error));
        }
    }

    /** @throws RegistryProblem 401 */
    private async demand(wanted: Permission, address: string): Promise<Hub> {
        const { hub, token } = this;
        if (hub === undefined) {
            throw new RegistryProblem("IotHubNotFound", "There is no such IoT hub.");
        }
        const caller = await authenticate(this.context, hub, token, "");
        caller.demand(wanted, `attach on ${address}`);
        return hub;
    }

    private async received(event: EventContext): Promise<void> {
        const { message, delivery, receiver } = event;
        if (message === undefined || delivery === undefined || receiver === undefined) {
            return;
        }
        const address = String(receiver.target?.address ?? "");
        if (address === claimsNode) {
            delivery.accept();
            await this.putToken(message);
            return;
        }
        try {
            enqueue(this.context, await this.demand(permissions.sendMessages, address), message);
            delivery.accept();
        } catch (error) {
            delivery.reject(this.error(error));
        }
    }

    /**
     * Replies with 200 or 401 in the application property `status-code` (OASIS: AMQP Claims-based Security 1.0, 4.1).
     */
    private async putToken(request: Message): Promise<void> {
        const properties: Record<string, unknown> = request.application_properties ?? {};
        const given = String(request.body ?? "");
        const isBareJwt = properties.type === "jwt" && !/^Bearer\s/i.test(given);
        const token = isBareJwt ? `Bearer ${given}` : given;
        let status = 200;
        let description = "OK";
        try {
            await this.judge(properties.operation, token);
            this.token = token;
        } catch (error) {
            const problem = this.error(error);
            status = 401;
            description = problem.description ?? "";
        }
        this.claimsReplies?.send({
            correlation_id: request.message_id,
            application_properties: {
                "status-code": status,
                "status-description": description,
            },
            body: undefined,
        });
    }

    private async judge(operation: unknown, token: string): Promise<void> {
        if (this.hub === undefined || operation !== "put-token") {
            throw new RegistryProblem("IotHubUnauthorizedAccess", "Unauthorized");
        }
        await authenticate(this.context, this.hub, token, "");
    }

    private error(error: unknown): AmqpError {
        if (!(error instanceof RegistryProblem)) {
            throw error;
        }
        return {
            condition: conditions[error.code] ?? "amqp:internal-error",
            description: numberedText(error.code, error.message, this.context.clock.date()),
        };
    }
}

function notEmulated(address: string): AmqpError {
    return {
        condition: "amqp:not-implemented",
        description: `The local emulator does not implement links to ${address}. Real Azure may.`,
    };
}
