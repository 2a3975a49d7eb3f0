import { TLSSocket } from "tls";
import { IConnectPacket, Packet } from "mqtt-packet";
import { MqttPeer } from "../core/mqttPeer";
import { peerCertificates } from "../core/peer";
import { Device, Hub } from "../hub/model";
import { notePresented } from "../hub/presented";
import { authenticateDevice, Proof } from "./authenticateDevice";
import { readLogin } from "./login";
import { Refusal } from "../x509/refusals";
import { DeviceSession, SessionState, SharedContext } from "./session";
import { Throttle } from "./throttle";
import { readPublication } from "./topics";

/** Limit of unread bytes, larger than the largest message with its topic. */
const largestPacket = 512 * 1024;

/** What a connection needs from the gateway. */
export interface ConnectionHost {
    readonly context: SharedContext;
    readonly throttle: Throttle;
    /** The hub that the host in a user name refers to, and all of its host names. */
    hubOf(host: string): { readonly hub: Hub; readonly hostNames: readonly string[] } | undefined;
    /** Throws a Refusal when the host of the TLS handshake contradicts the hub. */
    checkServerName(serverName: string | undefined, hub: Hub): void;
    /** Ends an older connection of the device and admits this one. Returns whether an earlier session is resumed. */
    admit(connection: MqttConnection, login: Admission): { state: SessionState; present: boolean };
    refuse(refusal: Refusal, hub: Hub | undefined, deviceId: string | undefined): void;
    /** The device can accept method calls from now on. */
    methodsReady(connection: MqttConnection): void;
    gone(connection: MqttConnection): void;
}

/** An authenticated device that may connect. */
export interface Admission {
    readonly hub: Hub;
    readonly deviceId: string;
    readonly proof: Proof;
    /** The CONNECT packet's clean session flag. */
    readonly clean: boolean;
}

/** A device's connection to its hub. */
export class MqttConnection extends MqttPeer {
    readonly connectedAt: string;
    private will: IConnectPacket["will"];
    private entered?: { session: DeviceSession; proof: Proof; authentication: string };

    constructor(
        socket: TLSSocket,
        private readonly host: ConnectionHost,
    ) {
        super(socket, host.context.log, largestPacket);
        this.connectedAt = host.context.clock.date().toISOString();
    }

    protected get hasEntered(): boolean {
        return this.entered !== undefined;
    }

    get session(): DeviceSession | undefined {
        return this.entered?.session;
    }

    get proof(): Proof | undefined {
        return this.entered?.proof;
    }

    /** Ends the connection when the device has been silent too long [MQTT-3.1.2-24] or its proof has expired. */
    check(realNow: number, now: number): void {
        this.closeWhenSilent(realNow);
        if (this.proof?.expires !== undefined && now >= this.proof.expires) {
            this.close("its shared access signature expired");
        }
    }

    /** Whether the device's authentication no longer holds for the current identity. */
    isOutdatedBy(device: Device): boolean {
        return (
            device.status !== "enabled" ||
            this.entered?.authentication !== JSON.stringify(device.authentication)
        );
    }

    protected gone(why: string): void {
        const who = this.session ? `device ${this.session.deviceId}` : "a client";
        this.log.info(`connection of ${who} closed: ${why}`);
        // Immediately, not when the socket has closed: whoever asks next must see the device offline.
        this.host.gone(this);
    }

    protected receive(packet: Packet): void {
        if (this.entered === undefined) {
            return;
        }
        const { session } = this.entered;
        if (!session.hasDevice) {
            this.close("the device was deleted");
            return;
        }
        switch (packet.cmd) {
            case "publish":
                session.receive(packet);
                if (packet.qos === 1 && !this.ended) {
                    this.send({ cmd: "puback", messageId: packet.messageId }); // [MQTT-4.3.2-2]
                }
                break;
            case "puback":
                session.acknowledge(packet.messageId ?? 0);
                break;
            case "subscribe":
                this.subscribe(session, packet);
                break;
            case "unsubscribe":
                session.unsubscribe(packet.unsubscriptions);
                this.send({ cmd: "unsuback", messageId: packet.messageId, granted: [] });
                break;
            case "disconnect":
                this.will = undefined; // [MQTT-3.14.4-3]
                this.close("the device disconnected");
                break;
            default:
                this.close(`unexpected packet ${packet.cmd}`); // second CONNECT: [MQTT-3.1.0-2]
        }
    }

    private subscribe(session: DeviceSession, packet: Packet & { cmd: "subscribe" }): void {
        const granted = session.subscribe(packet.subscriptions);
        this.send({ cmd: "suback", messageId: packet.messageId, granted });
        session.deliver();
        if (session.subscribed("methods") !== undefined) {
            this.host.methodsReady(this);
        }
    }

    protected enter(packet: IConnectPacket): void {
        let hub: Hub | undefined;
        try {
            requireVersion(packet);
            const login = readLogin(packet);
            const found = this.host.hubOf(login.host);
            if (found === undefined) {
                throw new Refusal(
                    "hubUnknown",
                    `no hub has the host name "${login.host}" of the user name`,
                );
            }
            hub = found.hub;
            this.host.checkServerName(this.socket.servername || undefined, hub);
            this.admit(packet, hub, login.deviceId, found.hostNames);
        } catch (error) {
            if (!(error instanceof Refusal)) {
                throw error;
            }
            this.refuse(error, hub, packet.clientId || undefined);
        }
    }

    private admit(
        packet: IConnectPacket,
        hub: Hub,
        deviceId: string,
        hostNames: readonly string[],
    ): void {
        const { context, throttle } = this.host;
        const device = hub.devices.get(deviceId);
        const credentials = {
            presented: peerCertificates(this.socket),
            password: packet.password?.toString("utf8") ?? "",
            hostNames,
            tlsVersion: this.socket.getProtocol() ?? "",
        };
        const now = context.clock.now();
        const proof = authenticateDevice(hub, deviceId, device, credentials, now, context.settings);
        if (packet.will && readPublication(packet.will.topic, deviceId)?.kind !== "telemetry") {
            throw new Refusal(
                "willTopicUnsupported",
                `the will's topic must be "devices/${deviceId}/messages/events/…"`,
            );
        }
        this.will = packet.will;
        this.keepAlive(packet.keepalive ?? 0);
        const clean = packet.clean ?? true;
        const { state, present } = this.host.admit(this, { hub, deviceId, proof, clean });
        if (device !== undefined && proof.kind !== "sas") {
            notePresented(device, credentials.presented);
        }
        const session = new DeviceSession({
            context,
            throttle,
            hub,
            deviceId,
            proof,
            state,
            send: (publish) => this.send(publish),
            close: (why) => this.close(why),
        });
        this.entered = { session, proof, authentication: JSON.stringify(device?.authentication) };
        // [MQTT-3.2.0-1] Nothing is sent before CONNACK; [MQTT-3.2.2-2] it says whether a session is resumed.
        this.send({ cmd: "connack", returnCode: 0, sessionPresent: present });
        session.resume();
        if (session.subscribed("methods") !== undefined) {
            this.host.methodsReady(this);
        }
    }

    private refuse(refusal: Refusal, hub: Hub | undefined, deviceId: string | undefined): void {
        this.host.refuse(refusal, hub, deviceId);
        this.refuseConnect(refusal.returnCode);
    }

    protected malformed(error: Error): void {
        if (this.entered === undefined && error.message === "Invalid protocol version") {
            this.refuse(unsupportedVersion("an unknown protocol level"), undefined, undefined);
        } else {
            super.malformed(error);
        }
    }

    protected closed(): void {
        this.end();
        this.host.gone(this);
        if (this.will !== undefined) {
            this.session?.sendWill(this.will.topic, this.will.payload, this.will.retain ?? false);
        }
    }
}

function requireVersion(packet: IConnectPacket): void {
    const { protocolVersion, protocolId } = packet;
    const isBridge = (packet as { bridgeMode?: boolean }).bridgeMode === true;
    if (protocolId !== "MQTT" || protocolVersion !== 4 || isBridge) {
        throw unsupportedVersion(protocolVersion === 5 ? "MQTT 5" : "an older version of MQTT");
    }
}

/** [MQTT-3.1.2-2] Return code 1 for an unsupported protocol level. */
function unsupportedVersion(what: string): Refusal {
    return new Refusal(
        "protocolVersionUnsupported",
        `the client uses ${what}; IoT Hub accepts MQTT 3.1.1 only (protocol level 4)`,
        1,
    );
}
