import { isUtf8 } from "buffer";
import { IPublishPacket, ISubscription, QoS } from "mqtt-packet";
import { EmulatorContext } from "../context";
import { asciiJson } from "../core/json";
import { MethodCall, MethodResult } from "../hub/connections";
import { CloudToDeviceMessage, Device, Hub, Telemetry } from "../hub/model";
import { Proof } from "./authenticateDevice";
import { patchReported, twinForDevice } from "./reported";
import { Throttle } from "./throttle";
import {
    deviceBoundTopic,
    DeviceFilter,
    DevicePublication,
    readFilter,
    readPublication,
} from "./topics";

/** Largest device-to-cloud message, properties included (Azure docs: iot-hub-devguide-quotas-throttling). */
const largestMessage = 256 * 1024;

/** SUBACK return code for a refused filter (MQTT 3.1.1, 3.9.3). */
const notGranted = 0x80;

export type SharedContext = Omit<EmulatorContext, "connections">;

/** What survives a connection with clean session 0 [MQTT-3.1.2-4]. */
export class SessionState {
    readonly subscriptions = new Map<string, QoS>();
    /** Cloud-to-device messages sent with QoS 1 and not yet acknowledged, by packet identifier. */
    readonly unacknowledged = new Map<number, CloudToDeviceMessage>();
    private lastIdentifier = 0;

    /** A packet identifier that is not in use [MQTT-2.3.1-4]. */
    nextIdentifier(): number {
        do {
            this.lastIdentifier = (this.lastIdentifier % 0xffff) + 1;
        } while (this.unacknowledged.has(this.lastIdentifier));
        return this.lastIdentifier;
    }
}

export interface SessionOptions {
    readonly context: SharedContext;
    readonly throttle: Throttle;
    readonly hub: Hub;
    readonly deviceId: string;
    readonly proof: Proof;
    readonly state: SessionState;
    readonly send: (packet: IPublishPacket) => void;
    /** Ends the connection; the text says why. */
    readonly close: (why: string) => void;
}

/** What a connected device can do: everything after CONNECT. */
export class DeviceSession {
    private readonly calls = new Map<string, (result: MethodResult) => void>();
    private nextCall = 1;

    constructor(private readonly options: SessionOptions) {}

    get hub(): Hub {
        return this.options.hub;
    }

    get deviceId(): string {
        return this.options.deviceId;
    }

    /** False once the identity is deleted during a connection. */
    get hasDevice(): boolean {
        return this.hub.devices.has(this.deviceId);
    }

    /** Processes a PUBLISH from the device. */
    receive(packet: IPublishPacket): void {
        const { context, close } = this.options;
        const payload = asBuffer(packet.payload);
        const publication = readPublication(packet.topic, this.deviceId);
        if (packet.qos === 2) {
            close("QoS 2 is not supported");
        } else if (/[+#]/.test(packet.topic)) {
            // [MQTT-3.3.2-2]; a device with such an ID can only receive.
            close(`published to "${packet.topic}", which contains a wildcard`);
        } else if (publication === undefined) {
            close(`published to "${packet.topic}", which is not a topic of this device`);
        } else if (payload.length + Buffer.byteLength(packet.topic) > largestMessage) {
            close("message over 256 KB");
        } else {
            this.device.lastActivityTime = context.clock.date().toISOString();
            this.perform(publication, payload, packet);
        }
    }

    /** Returns the return code of each filter, in order [MQTT-3.8.4-5]. */
    subscribe(subscriptions: readonly ISubscription[]): number[] {
        return subscriptions.map(({ topic, qos }) => {
            if (readFilter(topic, this.deviceId) === undefined) {
                return notGranted;
            }
            const granted = Math.min(qos, 1) as QoS;
            this.options.state.subscriptions.set(topic, granted);
            return granted;
        });
    }

    unsubscribe(filters: readonly string[]): void {
        filters.forEach((filter) => this.options.state.subscriptions.delete(filter));
    }

    subscribed(wanted: DeviceFilter): QoS | undefined {
        for (const [filter, qos] of this.options.state.subscriptions) {
            if (readFilter(filter, this.deviceId) === wanted) {
                return qos;
            }
        }
        return undefined;
    }

    /** Resends unacknowledged messages under their old identifiers [MQTT-4.4.0-1], then the others that are waiting. */
    resume(): void {
        const { state } = this.options;
        for (const [identifier, message] of state.unacknowledged) {
            if (this.device.inbox.includes(message)) {
                this.sendMessage(message, 1, identifier, true);
            } else {
                state.unacknowledged.delete(identifier);
            }
        }
        this.deliver();
    }

    /** Sends the waiting cloud-to-device messages, if the device has subscribed to them. */
    deliver(): void {
        const qos = this.subscribed("cloudToDevice");
        if (qos === undefined) {
            return;
        }
        const { state } = this.options;
        const underway = new Set(state.unacknowledged.values());
        for (const message of this.device.inbox.filter((one) => !underway.has(one))) {
            if (qos === 0) {
                this.sendMessage(message, 0, undefined, false);
                this.settle(message);
            } else {
                const identifier = state.nextIdentifier();
                state.unacknowledged.set(identifier, message);
                this.sendMessage(message, 1, identifier, false);
            }
        }
    }

    /** Processes a PUBACK, which completes a cloud-to-device message. */
    acknowledge(identifier: number): void {
        const message = this.options.state.unacknowledged.get(identifier);
        if (message !== undefined) {
            this.options.state.unacknowledged.delete(identifier);
            this.settle(message);
        }
    }

    notifyDesired(patch: Record<string, unknown>): void {
        const version = this.device.twin.desired.version;
        this.publish(
            "desired",
            `$iothub/twin/PATCH/properties/desired/?$version=${version}`,
            asciiJson({ ...patch, $version: version }),
        );
    }

    /** Calls a method on the device; null when no reply comes in time. */
    invoke(call: MethodCall): Promise<MethodResult | null> {
        const requestId = String(this.nextCall++);
        return new Promise((resolve) => {
            const timer = setTimeout(() => {
                this.calls.delete(requestId);
                resolve(null);
            }, call.responseTimeout * 1000);
            this.calls.set(requestId, (result) => {
                clearTimeout(timer);
                this.calls.delete(requestId);
                resolve(result);
            });
            this.publish(
                "methods",
                `$iothub/methods/POST/${call.name}/?$rid=${requestId}`,
                asciiJson(call.payload ?? null),
            );
        });
    }

    /** Forwards a will as telemetry that is marked as one (Azure docs: iot-hub-mqtt-support). */
    sendWill(topic: string, payload: Buffer | string, retain: boolean): void {
        const publication = readPublication(topic, this.deviceId);
        if (publication?.kind === "telemetry" && this.hasDevice) {
            publication.properties["iothub-MessageType"] = "Will";
            this.keepTelemetry(publication, asBuffer(payload), retain);
        }
    }

    private get device(): Device {
        const device = this.options.hub.devices.get(this.deviceId);
        if (device === undefined) {
            throw new Error(`device ${this.deviceId} was deleted while connected`);
        }
        return device;
    }

    private perform(publication: DevicePublication, payload: Buffer, packet: IPublishPacket): void {
        switch (publication.kind) {
            case "telemetry":
                this.keepTelemetry(publication, payload, packet.retain);
                break;
            case "methodAnswer":
                this.calls.get(publication.requestId)?.({
                    status: publication.status,
                    payload: parseJson(payload),
                });
                break;
            default:
                this.answerTwin(publication.kind, publication.requestId, payload, packet.topic);
        }
    }

    private keepTelemetry(
        publication: DevicePublication & { kind: "telemetry" },
        payload: Buffer,
        retain: boolean,
    ): void {
        const { context, hub, proof } = this.options;
        const enqueuedTime = context.clock.date().toISOString();
        const isText = isUtf8(payload);
        const message: Telemetry = {
            hub: hub.name.toLowerCase(),
            deviceId: this.deviceId,
            enqueuedTime,
            body: payload.toString(isText ? "utf8" : "base64"),
            bodyEncoding: isText ? "utf8" : "base64",
            // A retained message is not stored for later subscribers, but marked and forwarded.
            properties: {
                ...publication.properties,
                ...(retain ? { "x-opt-retain": "true" } : {}),
            },
            systemProperties: {
                ...publication.systemProperties,
                "iothub-connection-device-id": this.deviceId,
                "iothub-connection-auth-method": proof.authMethod,
                "iothub-connection-auth-generation-id": this.device.generationId,
                "iothub-enqueuedtime": enqueuedTime,
                "iothub-message-source": "Telemetry",
            },
        };
        context.telemetry.add(message);
        context.routing.route(hub, message, payload);
    }

    private answerTwin(
        operation: "twinGet" | "reported",
        requestId: string,
        payload: Buffer,
        topic: string,
    ): void {
        const { context, hub, throttle, close } = this.options;
        const fault = context.faults.strike("MQTT", hub.hostName, `/${topic}`);
        const answer = (): void => {
            if (fault?.drop) {
                close("injected fault");
            } else if (fault?.status !== undefined) {
                this.sendTwinAnswer(fault.status, requestId, "", "");
            } else if (
                context.settings.throttling &&
                !throttle.admits(hub, operation, context.clock.now())
            ) {
                this.sendTwinAnswer(429, requestId, "", "");
            } else if (operation === "twinGet") {
                const twin = asciiJson(twinForDevice(this.device.twin));
                this.sendTwinAnswer(200, requestId, "", twin);
            } else {
                this.answerReported(requestId, payload);
            }
        };
        if (fault?.delayMilliseconds === undefined) {
            answer();
        } else {
            setTimeout(answer, fault.delayMilliseconds);
        }
    }

    private answerReported(requestId: string, payload: Buffer): void {
        const { twin } = this.device;
        const problem = patchReported(twin, payload, this.options.context.clock.date());
        if (problem === undefined) {
            this.sendTwinAnswer(204, requestId, `&$version=${twin.reported.version}`, "");
        } else {
            const body = asciiJson({ errorCode: 400004, message: problem });
            this.sendTwinAnswer(400, requestId, "", body);
        }
    }

    private sendTwinAnswer(status: number, requestId: string, more: string, body: string): void {
        this.publish("twinAnswers", `$iothub/twin/res/${status}/?$rid=${requestId}${more}`, body);
    }

    private publish(filter: DeviceFilter, topic: string, payload: string): void {
        const qos = this.subscribed(filter);
        if (qos === undefined) {
            return;
        }
        const messageId = qos === 0 ? undefined : this.options.state.nextIdentifier();
        this.options.send({ ...outgoing, topic, payload, qos, messageId });
    }

    private sendMessage(
        message: CloudToDeviceMessage,
        qos: QoS,
        messageId: number | undefined,
        dup: boolean,
    ): void {
        const topic = deviceBoundTopic(this.deviceId, message);
        this.options.send({ ...outgoing, topic, payload: message.body, qos, messageId, dup });
    }

    private settle(message: CloudToDeviceMessage): void {
        const { inbox } = this.device;
        const at = inbox.indexOf(message);
        if (at >= 0) {
            inbox.splice(at, 1);
        }
    }
}

const outgoing = { cmd: "publish", retain: false, dup: false } as const;

function asBuffer(payload: string | Buffer): Buffer {
    return typeof payload === "string" ? Buffer.from(payload) : payload;
}

/** A method's reply must be JSON; anything else is passed on as text, so that its sender can be found. */
function parseJson(payload: Buffer): unknown {
    const text = payload.toString("utf8");
    try {
        return text === "" ? null : JSON.parse(text);
    } catch {
        return text;
    }
}
