import * as assert from "assert";
import { EventEmitter } from "events";
import * as mqtt from "mqtt";
import { CloudToDeviceMessage, Hub, Telemetry } from "../../emulator/hub/model";
import { PrivateEmulator, startPrivate } from "./emulator";
import { addDevice, addHub, uploadCa } from "./hubs";
import { ClientOptions, connect } from "./mqttClient";
import { issue, Issued, makeCa } from "./pki";

/** An emulator with one hub that trusts one CA, and clients that are ended after each test. */
export class Sessions {
    emulator!: PrivateEmulator;
    hub!: Hub;
    root!: Issued;
    private serial = 0;
    private readonly clients: mqtt.MqttClient[] = [];

    /** Registers what begins and ends it with the enclosing `describe`. */
    static hook(hubName: string): Sessions {
        const sessions = new Sessions();
        before(async () => {
            sessions.emulator = await startPrivate();
            sessions.hub = addHub(sessions.emulator.emulator, hubName);
            sessions.root = await makeCa({ commonName: `${hubName} root` });
            uploadCa(sessions.hub, "root", sessions.root);
        });
        after(() => sessions.emulator.stop());
        afterEach(async () => {
            await Promise.all(sessions.clients.splice(0).map((one) => one.endAsync(true)));
        });
        return sessions;
    }

    /** A new device identity of type certificateAuthority. */
    register(): string {
        const deviceId = `session-${++this.serial}`;
        addDevice(this.hub, deviceId, "certificateAuthority");
        return deviceId;
    }

    leaf(deviceId: string): Promise<Issued> {
        return issue(this.root, { commonName: deviceId });
    }

    async open(deviceId: string, options: ClientOptions = {}): Promise<mqtt.MqttClient> {
        const { mqttPort: port, caPem: ca } = this.emulator;
        const isSas = options.password !== undefined;
        const leaf = isSas ? undefined : await this.leaf(deviceId);
        const host = this.hub.hostName;
        return this.keep(await connect({ port, ca, host, deviceId, leaf, options }));
    }

    /** Registers a device and connects it. */
    async device(options: ClientOptions = {}): Promise<[string, mqtt.MqttClient]> {
        const deviceId = this.register();
        return [deviceId, await this.open(deviceId, options)];
    }

    /** Sees to it that a client ends with the test, and that its errors are no one else's. */
    keep(client: mqtt.MqttClient): mqtt.MqttClient {
        client.on("error", () => undefined);
        this.clients.push(client);
        return client;
    }

    async telemetry(deviceId: string): Promise<Telemetry[]> {
        const path = `/messages?hub=${this.hub.name}&deviceId=${deviceId}`;
        return (await this.emulator.manage<{ messages: Telemetry[] }>("GET", path)).messages;
    }

    /** Puts a cloud-to-device message into the device's queue. */
    send(deviceId: string, messageId: string): void {
        const message: CloudToDeviceMessage = {
            messageId,
            body: Buffer.from(messageId),
            properties: { "a b": "c&d" },
            systemProperties: { "$.mid": messageId },
        };
        const target = this.hub.devices.get(deviceId);
        assert.ok(target);
        target.inbox.push(message);
        this.emulator.emulator.context.hubs.events.emit("messageWaiting", this.hub, target);
    }

    isOnline(deviceId: string): boolean {
        return this.emulator.emulator.context.connections.isConnected(this.hub, deviceId);
    }
}

/** The arguments of the next such event; unlike `events.once` it does not fail with the client's errors. */
export function next(emitter: unknown, event: string): Promise<unknown[]> {
    return new Promise((resolve) =>
        (emitter as EventEmitter).once(event, (...args: unknown[]) => resolve(args)),
    );
}

export async function eventually(
    check: () => void | Promise<void>,
    milliseconds = 5000,
): Promise<void> {
    const end = Date.now() + milliseconds;
    for (;;) {
        try {
            return await check();
        } catch (error) {
            if (Date.now() > end) {
                throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }
}
