import { TLSSocket } from "tls";
import { IConnectPacket, IPublishPacket, ISubscribePacket, Packet } from "mqtt-packet";
import { asciiJson } from "../core/json";
import { MqttPeer } from "../core/mqttPeer";
import { peerCertificates } from "../core/peer";
import {
    DeviceAnswer,
    DeviceRequest,
    readBody,
    Registrar,
    RegistrarContext,
} from "./deviceRegistrar";
import { RegistrationRefusal } from "./deviceRefusals";
import { readProvisioningLogin } from "./mqttLogin";

/** Limit of unread bytes, larger than any registration. */
const largestPacket = 256 * 1024;

const responses = "$dps/registrations/res/#";

/** What a connection needs from the device port. */
export interface ProvisioningHost {
    readonly context: RegistrarContext;
    gone(connection: ProvisioningConnection): void;
}

/**
 * An MQTT 3.1.1 connection to the device API (Azure docs: iot-dps iot-dps-mqtt-support). CONNECT is checked at once:
 * return code 5, or 3 for an ID scope that does not exist (Azure/azure-iot-sdk-python#670). The certificates are
 * checked at registration, whose reply says 401 (Azure/azure-sdk-for-c, `az_iot_provisioning_client.c`).
 */
export class ProvisioningConnection extends MqttPeer {
    private readonly registrar: Registrar;
    private device: DeviceRequest | undefined;
    private hears = false;

    constructor(
        socket: TLSSocket,
        private readonly host: ProvisioningHost,
    ) {
        super(socket, host.context.log, largestPacket);
        this.registrar = Registrar.of(host.context);
    }

    protected get hasEntered(): boolean {
        return this.device !== undefined;
    }

    check(realNow: number): void {
        this.closeWhenSilent(realNow);
    }

    protected gone(why: string): void {
        const who = this.device?.registrationId ?? "a client";
        this.log.info(`provisioning connection of ${who} ended: ${why}`);
        this.host.gone(this);
    }

    protected receive(packet: Packet): void {
        switch (packet.cmd) {
            case "publish":
                if (this.device !== undefined) {
                    this.answerTo(this.device, packet);
                }
                break;
            case "subscribe":
                this.subscribe(packet);
                break;
            case "unsubscribe":
                this.hears = this.hears && !packet.unsubscriptions.includes(responses);
                this.send({ cmd: "unsuback", messageId: packet.messageId, granted: [] });
                break;
            case "disconnect":
                this.close("the device disconnected");
                break;
            default:
                this.close(`unexpected packet ${packet.cmd}`);
        }
    }

    protected enter(packet: IConnectPacket): void {
        const [idScope = "", , registrationId] = (packet.username ?? "").split("/");
        try {
            const login = readProvisioningLogin(packet);
            this.registrar.serviceOf(login);
            const presented = peerCertificates(this.socket);
            if (presented.length === 0) {
                throw RegistrationRefusal.of(
                    "certificateMissing",
                    "the client sent no certificate in TLS; configure it with the device's certificate and key",
                );
            }
            this.device = { ...login, presented };
        } catch (error) {
            if (!(error instanceof RegistrationRefusal)) {
                throw error;
            }
            this.registrar.record(error, idScope, registrationId);
            this.refuse(error);
            return;
        }
        this.keepAlive(packet.keepalive ?? 0);
        this.send({ cmd: "connack", returnCode: 0, sessionPresent: false });
    }

    private refuse({ reason }: RegistrationRefusal): void {
        const returnCode =
            reason === "protocolVersionUnsupported" ? 1 : reason === "idScopeUnknown" ? 3 : 5;
        this.host.gone(this);
        this.refuseConnect(returnCode);
    }

    private subscribe(packet: ISubscribePacket): void {
        const granted = packet.subscriptions.map(({ topic, qos }) =>
            topic === responses ? Math.min(qos, 1) : 128,
        );
        this.hears = this.hears || granted.some((qos) => qos !== 128);
        this.send({ cmd: "suback", messageId: packet.messageId, granted });
    }

    private answerTo(device: DeviceRequest, packet: IPublishPacket): void {
        const asked = readTopic(packet.topic);
        if (asked === undefined || packet.qos === 2) {
            this.close(`publication on "${packet.topic}" with QoS ${packet.qos} is not supported`);
            return;
        }
        if (packet.qos === 1) {
            this.send({ cmd: "puback", messageId: packet.messageId }); // [MQTT-4.3.2-2]
        }
        try {
            const { operationId } = asked;
            const answer =
                operationId === undefined
                    ? this.registrar.register(device, readBody(asBuffer(packet.payload)))
                    : this.registrar.operation(device, operationId);
            this.answer(asked.requestId, answer);
        } catch (error) {
            if (!(error instanceof RegistrationRefusal)) {
                throw error;
            }
            this.registrar.record(error, device.idScope, device.registrationId);
            const body = error.body(this.host.context.clock.date());
            const { status, retryAfter } = error;
            this.answer(asked.requestId, { status, retryAfter, body });
        }
    }

    private answer(
        requestId: string,
        answer: Omit<DeviceAnswer, "status"> & { readonly status: number },
    ): void {
        if (!this.hears) {
            return;
        }
        const { status, retryAfter, body } = answer;
        const again = retryAfter === undefined ? "" : `&retry-after=${retryAfter}`;
        this.send({
            cmd: "publish",
            topic: `$dps/registrations/res/${status}/?$rid=${requestId}${again}`,
            payload: asciiJson(body),
            qos: 0,
            dup: false,
            retain: false,
        });
    }
}

/** Reads what a device asks for by publishing; only a request for an operation's result has an operation ID. */
function readTopic(
    topic: string,
): { readonly requestId: string; readonly operationId?: string } | undefined {
    const match = /^\$dps\/registrations\/(PUT|GET)\/([a-z-]+)\/\?(.*)$/.exec(topic);
    const query = new URLSearchParams(match?.[3] ?? "");
    const requestId = query.get("$rid");
    if (match === null || requestId === null) {
        return undefined;
    }
    if (match[1] === "PUT" && match[2] === "iotdps-register") {
        return { requestId };
    }
    const operationId = query.get("operationId");
    return match[1] === "GET" && match[2] === "iotdps-get-operationstatus" && operationId !== null
        ? { requestId, operationId }
        : undefined;
}

function asBuffer(payload: string | Buffer): Buffer {
    return typeof payload === "string" ? Buffer.from(payload) : payload;
}
