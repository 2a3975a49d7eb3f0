import { create_container } from "rhea";
import { TLSSocket } from "tls";
import { EmulatorContext } from "../context";
import { azureHost } from "../core/clouds";
import { ServiceConnection } from "./connection";
import { EventHubConnection } from "./eventHubConnection";

/**
 * A SASL mechanism that admits everyone: claims-based security identifies the client later. Azure SDKs ask for MSSBCBS,
 * ANONYMOUS, or no SASL at all.
 */
const openMechanism = () => ({
    outcome: undefined as boolean | undefined,
    username: undefined,
    start(): void {
        this.outcome = true;
    },
});

/** The AMQP 1.0 endpoint of hubs, for service clients that send to devices, and of Event Hubs, for their readers. */
export class AmqpService {
    private readonly container = create_container({ id: "iot-x509-emulator" });
    private readonly sockets = new Set<TLSSocket>();

    constructor(private readonly context: EmulatorContext) {
        this.container.sasl_server_mechanisms.enable_anonymous();
        this.container.sasl_server_mechanisms.MSSBCBS = openMechanism;
        this.container.on("error", (error: Error) =>
            context.log.info(`AMQP error: ${error.message}`),
        );
    }

    /** Serves a socket on which the client has started with "AMQP". */
    accept(socket: TLSSocket): void {
        this.sockets.add(socket);
        socket.once("close", () => this.sockets.delete(socket));
        const connection = this.container.create_connection({
            host: "localhost",
            port: 5671,
            reconnect: false,
            autoaccept: false,
        } as Parameters<typeof this.container.create_connection>[0]);
        const serverName = typeof socket.servername === "string" ? socket.servername : undefined;
        if (azureHost(serverName ?? "")?.kind === "eventHubs") {
            new EventHubConnection(this.context, connection, serverName ?? "");
        } else {
            new ServiceConnection(this.context, connection, serverName);
        }
        connection.accept(socket);
    }

    close(): void {
        this.sockets.forEach((socket) => socket.destroy());
    }
}
