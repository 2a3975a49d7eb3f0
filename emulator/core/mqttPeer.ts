import { TLSSocket } from "tls";
import { generate, IConnectPacket, Packet, Parser, parser } from "mqtt-packet";
import { Log } from "./log";

/** How long a client may take to send CONNECT after the TLS handshake. */
const connectMilliseconds = 30_000;

/**
 * The longest silence that Azure allows, whatever keep-alive the client asked for (Azure docs: iot-hub-mqtt-support).
 */
const longestSilence = 1767_000;

/** An MQTT 3.1.1 connection: only CONNECT at first; a subclass handles the packets after it. */
export abstract class MqttPeer {
    private readonly parser: Parser = parser();
    private readonly deadline: NodeJS.Timeout;
    private heard = Date.now();
    private silence = longestSilence;
    private isOver = false;

    /** @param largestPacket limit of unread bytes, larger than any packet of the protocol */
    protected constructor(
        protected readonly socket: TLSSocket,
        protected readonly log: Log,
        private readonly largestPacket: number,
    ) {
        this.deadline = setTimeout(
            () => this.close("no CONNECT within the time limit"),
            connectMilliseconds,
        ).unref();
        this.parser.on("packet", (packet) => this.guard(() => this.take(packet)));
        this.parser.on("error", (error: Error) => this.malformed(error));
        socket.on("close", () => this.closed());
    }

    /** Whether CONNECT was accepted. */
    protected abstract get hasEntered(): boolean;

    /** Handles the first packet. */
    protected abstract enter(packet: IConnectPacket): void;

    /** Handles any later packet but PINGREQ. */
    protected abstract receive(packet: Packet): void;

    /** Called once, when the connection is over for this side. */
    protected abstract gone(why: string): void;

    protected get ended(): boolean {
        return this.isOver;
    }

    /** Processes bytes from the network. */
    feed(chunk: Buffer): void {
        this.heard = Date.now();
        if (!this.isOver && this.parser.parse(chunk) > this.largestPacket) {
            this.close("packet too large");
        }
    }

    close(why: string): void {
        if (this.end()) {
            this.gone(why);
            this.socket.destroy();
        }
    }

    /** Ends the connection when the client has been silent for too long [MQTT-3.1.2-24]. */
    protected closeWhenSilent(realNow: number): void {
        if (realNow - this.heard > this.silence) {
            this.close("silent for longer than 1.5 times its keep-alive");
        }
    }

    protected keepAlive(seconds: number): void {
        this.silence = seconds === 0 ? longestSilence : Math.min(seconds * 1500, longestSilence);
    }

    protected send(packet: Packet): void {
        if (!this.isOver) {
            this.socket.write(generate(packet));
        }
    }

    /** [MQTT-3.2.2-5]: sends a CONNACK other than 0, then closes. */
    protected refuseConnect(returnCode: number): void {
        this.end();
        this.socket.write(generate({ cmd: "connack", returnCode, sessionPresent: false }));
        this.socket.destroySoon();
    }

    protected malformed(error: Error): void {
        this.close(`malformed packet: ${error.message}`); // [MQTT-4.8.0-1]
    }

    /** Called when the socket is closed, by either side. */
    protected closed(): void {
        this.close("closed by the client");
    }

    protected end(): boolean {
        const isFirst = !this.isOver;
        this.isOver = true;
        clearTimeout(this.deadline);
        return isFirst;
    }

    private guard(work: () => void): void {
        try {
            if (!this.isOver) {
                work();
            }
        } catch (error) {
            this.log.warn(`MQTT packet failed: ${(error as Error).stack}`);
            this.close("an error inside the emulator");
        }
    }

    private take(packet: Packet): void {
        if (this.hasEntered) {
            if (packet.cmd === "pingreq") {
                this.send({ cmd: "pingresp" }); // [MQTT-3.12.4-1]
            } else {
                this.receive(packet);
            }
        } else if (packet.cmd === "connect") {
            clearTimeout(this.deadline);
            this.enter(packet);
        } else {
            this.close(`first packet is ${packet.cmd}, not CONNECT`); // [MQTT-3.1.0-1]
        }
    }
}
