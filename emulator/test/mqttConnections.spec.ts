import * as assert from "assert";
import { once } from "events";
import * as http from "http";
import { Duplex } from "stream";
import * as tls from "tls";
import * as mqtt from "mqtt";
import { Settings } from "../core/settings";
import { Device } from "../hub/model";
import { addDevice, uploadCa } from "../../test/support/hubs";
import { userName } from "../../test/support/mqttClient";
import { makeCa } from "../../test/support/pki";
import { signature } from "../../test/support/refusals";
import { eventually, next, Sessions } from "../../test/support/sessions";

describe("a device's MQTT connection", () => {
    const sessions = Sessions.hook("connections");

    it("there is one per device: a newer one ends the older", async () => {
        const [deviceId, older] = await sessions.device();
        const ended = next(older, "close");
        const newer = await sessions.open(deviceId);
        await ended;
        assert.ok(newer.connected);
        const list = await sessions.emulator.manage<{ deviceId: string }[]>("GET", "/connections");
        assert.strictEqual(list.filter((one) => one.deviceId === deviceId).length, 1);
    });

    it("ends after 1.5 times the keep-alive of silence", async () => {
        const [deviceId, client] = await sessions.device({
            keepalive: 1,
            reschedulePings: false,
        });
        // A device that hangs: its pings are never sent.
        client.sendPing = () => undefined;
        const begin = Date.now();
        await eventually(async () => assert.ok(!sessions.isOnline(deviceId)), 8000);
        assert.ok(Date.now() - begin > 1400);
    }).timeout(10_000);

    it("stays while the device pings", async () => {
        // The hub waits one and a half times as long: a busy machine may be a second late.
        const [deviceId] = await sessions.device({ keepalive: 3 });
        await new Promise((resolve) => setTimeout(resolve, 9000));
        assert.ok(sessions.isOnline(deviceId));
    }).timeout(20_000);

    it("ends when its shared access signature does", async () => {
        const { hub } = sessions;
        addDevice(hub, "token-device", "sas");
        const { keyName, primaryKey } = hub.policies[0];
        const expiry = new Date(Date.now() + 60_000);
        const password = signature(hub.hostName, primaryKey, expiry, keyName);
        const client = await sessions.open("token-device", { password });
        const ended = next(client, "close");
        await sessions.emulator.manage("PUT", "/clock", { offsetSeconds: 120 });
        await ended;
        await sessions.emulator.manage("PUT", "/clock", { offsetSeconds: 0 });
    });

    it("comes through the proxy as well", async () => {
        const deviceId = sessions.register();
        const leaf = await sessions.leaf(deviceId);
        const socket = await tunnel(`${sessions.hub.hostName}:8883`);
        const stream = tls.connect({
            socket,
            servername: sessions.hub.hostName,
            ca: sessions.emulator.caPem,
            cert: leaf.certificate,
            key: leaf.key,
        });
        const username = userName(sessions.hub.hostName, deviceId);
        const options = { clientId: deviceId, username, reconnectPeriod: 0 };
        const client = new mqtt.MqttClient(() => stream, options);
        sessions.keep(client);
        await next(client, "connect");
        await client.publishAsync(`devices/${deviceId}/messages/events/`, "x", { qos: 1 });
        assert.strictEqual((await sessions.telemetry(deviceId)).length, 1);
    });

    async function tunnel(target: string): Promise<Duplex> {
        const request = http.request({
            host: "127.0.0.1",
            port: sessions.emulator.httpsPort,
            method: "CONNECT",
            path: target,
        });
        request.end();
        const [response, socket] = await once(request, "connect");
        assert.strictEqual(response.statusCode, 200);
        return socket;
    }

    const unfinished: [string, Buffer][] = [
        ["a PINGREQ first", Buffer.from([0xc0, 0])],
        ["a reserved packet type", Buffer.from([0xf0, 0])],
        ["bytes that are no MQTT", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ];
    for (const [name, bytes] of unfinished) {
        it(`ends without an answer: ${name}`, async () => {
            const { mqttPort: port, caPem: ca } = sessions.emulator;
            const servername = sessions.hub.hostName;
            const socket = tls.connect({ host: "127.0.0.1", port, servername, ca });
            const got: Buffer[] = [];
            socket.on("data", (chunk: Buffer) => got.push(chunk));
            socket.write(bytes);
            await next(socket, "close");
            assert.strictEqual(Buffer.concat(got).length, 0);
        });
    }
});

describe("what ends a live connection", () => {
    const sessions = Sessions.hook("live");

    function change(deviceId: string, edit: (device: Device) => void): void {
        const device = sessions.hub.devices.get(deviceId);
        assert.ok(device);
        edit(device);
        sessions.emulator.emulator.context.hubs.events.emit("deviceChanged", sessions.hub, device);
    }

    function remove(deviceId: string): void {
        sessions.hub.devices.delete(deviceId);
        const { events } = sessions.emulator.emulator.context.hubs;
        events.emit("deviceRemoved", sessions.hub, deviceId);
    }

    function loseCa(name: string): void {
        const lost = sessions.hub.certificates.get(name);
        assert.ok(lost);
        sessions.hub.certificates.delete(name);
        sessions.emulator.emulator.context.hubs.events.emit("certificateLost", sessions.hub, lost);
    }

    const changes: [string, (deviceId: string) => void, keyof Settings][] = [
        [
            "disabling the device",
            (id) => change(id, (device) => (device.status = "disabled")),
            "cutOnDeviceChange",
        ],
        [
            "another authentication",
            (id) =>
                change(id, ({ authentication }) => {
                    authentication.type = "selfSigned";
                    authentication.x509Thumbprint.primaryThumbprint = "00".repeat(20);
                }),
            "cutOnDeviceChange",
        ],
        ["deleting the device", remove, "cutOnDeviceChange"],
        ["deleting the CA", () => loseCa("root"), "cutOnCaChange"],
    ];
    for (const [name, act, setting] of changes) {
        for (const cut of [true, false]) {
            it(`${name}, ${setting} ${cut}`, async () => {
                uploadCa(sessions.hub, "root", sessions.root);
                await sessions.emulator.manage("PATCH", "/settings", { [setting]: cut });
                const [deviceId, client] = await sessions.device();
                const ended = next(client, "close");
                act(deviceId);
                assert.strictEqual(sessions.isOnline(deviceId), !cut);
                if (cut) {
                    await ended;
                } else {
                    await new Promise((resolve) => setTimeout(resolve, 100));
                    assert.strictEqual(client.connected, true);
                }
                await sessions.emulator.manage("PATCH", "/settings", { [setting]: true });
                uploadCa(sessions.hub, "root", sessions.root);
            });
        }
    }

    it("is not a change that keeps authentication and status", async () => {
        const [deviceId, client] = await sessions.device();
        change(deviceId, (device) => (device.statusReason = "checked"));
        await new Promise((resolve) => setTimeout(resolve, 100));
        assert.strictEqual(client.connected, true);
    });

    it("is not the loss of another CA, or of a CA that the hub also has under another name", async () => {
        uploadCa(sessions.hub, "again", sessions.root);
        uploadCa(sessions.hub, "other", await makeCa({ commonName: "Other" }));
        const [, client] = await sessions.device();
        loseCa("again");
        loseCa("other");
        await new Promise((resolve) => setTimeout(resolve, 100));
        assert.strictEqual(client.connected, true);
    });

    it("a device deleted under a live connection can do nothing more", async () => {
        await sessions.emulator.manage("PATCH", "/settings", { cutOnDeviceChange: false });
        const [deviceId, client] = await sessions.device();
        remove(deviceId);
        const ended = next(client, "close");
        client.publish(`devices/${deviceId}/messages/events/`, "x", { qos: 1 });
        await ended;
        assert.deepStrictEqual(await sessions.telemetry(deviceId), []);
        await sessions.emulator.manage("PATCH", "/settings", { cutOnDeviceChange: true });
    });

    it("deleting the hub also removes its alias", async () => {
        const { hubs } = sessions.emulator.emulator.context;
        const [, client] = await sessions.device();
        const list = (): Promise<{ hub: string; alias: string }[]> =>
            sessions.emulator.manage("GET", "/hubs");
        assert.deepStrictEqual(
            (await list()).map(({ hub }) => hub),
            ["live"],
        );
        const ended = next(client, "close");
        hubs.remove(sessions.hub);
        await ended;
        assert.deepStrictEqual(await list(), []);
    });
});
