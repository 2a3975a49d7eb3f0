import * as assert from "assert";
import * as mqtt from "mqtt";
import { userName } from "../../test/support/mqttClient";
import { Issued } from "../../test/support/pki";
import { eventually, next, Sessions } from "../../test/support/sessions";

describe("a device's MQTT session", () => {
    const sessions = Sessions.hook("sessions");

    describe("publishing", () => {
        it("shows text unchanged, other bytes as base64, and marks retained messages", async () => {
            const [deviceId, client] = await sessions.device();
            const topic = `devices/${deviceId}/messages/events/`;
            await client.publishAsync(topic, "grüße", { qos: 1 });
            await client.publishAsync(`${topic}a=1&b=%26`, Buffer.from([0xff, 0]), {
                qos: 1,
                retain: true,
            });
            const got = await sessions.telemetry(deviceId);
            assert.deepStrictEqual(
                got.map(({ body, bodyEncoding, properties }) => [body, bodyEncoding, properties]),
                [
                    ["grüße", "utf8", {}],
                    ["/wA=", "base64", { a: "1", b: "&", "x-opt-retain": "true" }],
                ],
            );
        });

        const closing: [string, (deviceId: string) => [string, Buffer | string, 0 | 1 | 2]][] = [
            ["QoS 2", (id) => [`devices/${id}/messages/events/`, "x", 2]],
            ["another device's topic", () => ["devices/other/messages/events/", "x", 1]],
            ["an unknown topic", () => ["weather/today", "x", 0]],
            [
                "more than 256 KB",
                (id) => [`devices/${id}/messages/events/`, Buffer.alloc(262_145), 1],
            ],
            [
                "far more than 256 KB",
                (id) => [`devices/${id}/messages/events/`, Buffer.alloc(2_000_000), 1],
            ],
        ];
        for (const [name, make] of closing) {
            it(`ends the connection: ${name}`, async () => {
                const [deviceId, client] = await sessions.device();
                const [topic, payload, qos] = make(deviceId);
                const ended = next(client, "close");
                client.publish(topic, payload, { qos });
                await ended;
                assert.deepStrictEqual(await sessions.telemetry(deviceId), []);
            });
        }

        it("accepts 256 KB", async () => {
            const [deviceId, client] = await sessions.device();
            const topic = `devices/${deviceId}/messages/events/`;
            const size = 262_144 - topic.length;
            await client.publishAsync(topic, Buffer.alloc(size, "x"), { qos: 1 });
            assert.strictEqual((await sessions.telemetry(deviceId))[0].body.length, size);
        });

        it("publishes the will when the connection breaks, not after a DISCONNECT", async () => {
            const deviceId = sessions.register();
            const topic = `devices/${deviceId}/messages/events/why=lost`;
            const will = { topic, payload: Buffer.from("gone"), qos: 1 as const, retain: true };
            const polite = await sessions.open(deviceId, { will });
            await polite.endAsync();
            const rude = await sessions.open(deviceId, { will });
            rude.stream.destroy();
            await eventually(async () =>
                assert.deepStrictEqual(
                    (await sessions.telemetry(deviceId)).map(({ body, properties }) => [
                        body,
                        properties,
                    ]),
                    [
                        [
                            "gone",
                            { why: "lost", "iothub-MessageType": "Will", "x-opt-retain": "true" },
                        ],
                    ],
                ),
            );
        });
    });

    describe("subscribing", () => {
        it("grants at most QoS 1, and only topics that IoT Hub has", async () => {
            const [deviceId, client] = await sessions.device();
            const granted = async (topic: string, qos: 0 | 1 | 2): Promise<number> => {
                const packets = await client.subscribeAsync(topic, { qos }).catch(() => undefined);
                return packets?.[0]?.qos ?? 128;
            };
            const own = `devices/${deviceId}/messages/devicebound/#`;
            assert.strictEqual(await granted(own, 2), 1);
            assert.strictEqual(await granted("$iothub/methods/POST/#", 0), 0);
            assert.strictEqual(await granted("devices/other/messages/devicebound/#", 1), 128);
            assert.strictEqual(await granted("#", 0), 128);
        });

        it("sends a message again that was not acknowledged, as the same packet", async () => {
            const [deviceId, client] = await sessions.device({ clean: false });
            const filter = `devices/${deviceId}/messages/devicebound/#`;
            await client.subscribeAsync(filter, { qos: 1 });
            // Without an answer to its packet the message stays the hub's.
            client.handleMessage = () => client.stream.destroy();
            const first = next(client, "packetreceive");
            sessions.send(deviceId, "m1");
            const [before] = (await first) as [mqtt.IPublishPacket];
            await next(client, "close");
            assert.strictEqual(sessions.hub.devices.get(deviceId)?.inbox.length, 1);

            const seen: mqtt.IPublishPacket[] = [];
            const again = mqttClient(deviceId, await sessions.leaf(deviceId));
            again.on("message", (_topic, _payload, packet) => seen.push(packet));
            const [connack] = (await next(again, "connect")) as [mqtt.IConnackPacket];
            assert.strictEqual(connack.sessionPresent, true);
            await eventually(async () =>
                assert.strictEqual(sessions.hub.devices.get(deviceId)?.inbox.length, 0),
            );
            assert.strictEqual(seen.length, 1);
            assert.strictEqual(seen[0].dup, true);
            assert.strictEqual(seen[0].messageId, before.messageId);
            assert.strictEqual(
                seen[0].topic,
                `devices/${deviceId}/messages/devicebound/$.mid=m1&a%20b=c%26d`,
            );
        });

        function mqttClient(deviceId: string, leaf: Issued): mqtt.MqttClient {
            const client = mqtt.connect({
                protocol: "mqtts",
                host: "127.0.0.1",
                port: sessions.emulator.mqttPort,
                ca: sessions.emulator.caPem,
                servername: sessions.hub.hostName,
                clientId: deviceId,
                username: userName(sessions.hub.hostName, deviceId),
                clean: false,
                reconnectPeriod: 0,
                cert: leaf.certificate,
                key: leaf.key,
            });
            sessions.keep(client);
            return client;
        }

        it("forgets the session of a clean connection", async () => {
            const [deviceId, first] = await sessions.device({ clean: false });
            await first.subscribeAsync(`devices/${deviceId}/messages/devicebound/#`, { qos: 1 });
            await first.endAsync();
            const second = await sessions.open(deviceId, { clean: true });
            let messages = 0;
            second.on("message", () => (messages += 1));
            sessions.send(deviceId, "unheard");
            await second.publishAsync(`devices/${deviceId}/messages/events/`, "x", { qos: 1 });
            assert.strictEqual(messages, 0);
            assert.strictEqual(sessions.hub.devices.get(deviceId)?.inbox.length, 1);
        });

        it("settles messages sent with QoS 0 immediately", async () => {
            const [deviceId, client] = await sessions.device();
            sessions.send(deviceId, "waits");
            const message = next(client, "message");
            await client.subscribeAsync(`devices/${deviceId}/messages/devicebound/#`, { qos: 0 });
            assert.strictEqual(String((await message)[1]), "waits");
            assert.strictEqual(sessions.hub.devices.get(deviceId)?.inbox.length, 0);
        });
    });

    describe("twin", () => {
        async function ask(client: mqtt.MqttClient, topic: string, body: string) {
            const answer = next(client, "message");
            await client.publishAsync(topic, body);
            const [answerTopic, payload] = await answer;
            return { topic: answerTopic as string, body: (payload as Buffer).toString() };
        }

        const patch = "$iothub/twin/PATCH/properties/reported/?$rid=";

        it("is read and reported with versions", async () => {
            const [, client] = await sessions.device();
            await client.subscribeAsync("$iothub/twin/res/#");
            assert.deepStrictEqual(await ask(client, `${patch}1`, '{"a":{"b":1,"c":2}}'), {
                topic: "$iothub/twin/res/204/?$rid=1&$version=2",
                body: "",
            });
            await ask(client, `${patch}2`, '{"a":{"b":null}}');
            const { topic, body } = await ask(client, "$iothub/twin/GET/?$rid=abc", "");
            assert.strictEqual(topic, "$iothub/twin/res/200/?$rid=abc");
            assert.deepStrictEqual(JSON.parse(body), {
                desired: { $version: 1 },
                reported: { a: { c: 2 }, $version: 3 },
            });
        });

        for (const bad of ["not json", "[1]", '{"a.b":1}', '{"a":"' + "x".repeat(5000) + '"}']) {
            it(`refuses ${bad.slice(0, 12)} with 400 and changes nothing`, async () => {
                const [deviceId, client] = await sessions.device();
                await client.subscribeAsync("$iothub/twin/res/#");
                const { topic } = await ask(client, `${patch}9`, bad);
                assert.strictEqual(topic, "$iothub/twin/res/400/?$rid=9");
                const twin = sessions.hub.devices.get(deviceId)?.twin;
                assert.deepStrictEqual(twin?.reported.values, {});
                assert.strictEqual(twin?.reported.version, 1);
            });
        }

        it("is throttled when the emulator throttles, and by an injected fault", async () => {
            const [, client] = await sessions.device();
            await client.subscribeAsync("$iothub/twin/res/#");
            const fault = { method: "MQTT", path: "twin/GET", status: 429, count: 1 };
            await sessions.emulator.manage("POST", "/faults", fault);
            const first = await ask(client, "$iothub/twin/GET/?$rid=1", "");
            assert.strictEqual(first.topic, "$iothub/twin/res/429/?$rid=1");
            const second = await ask(client, "$iothub/twin/GET/?$rid=2", "");
            assert.strictEqual(second.topic, "$iothub/twin/res/200/?$rid=2");

            await sessions.emulator.manage("PATCH", "/settings", { throttling: true });
            try {
                const answers: string[] = [];
                client.on("message", (topic) => answers.push(topic.split("/")[3]));
                for (let index = 0; index < 250; index++) {
                    client.publish(`$iothub/twin/GET/?$rid=${index}`, "");
                }
                await eventually(async () => assert.strictEqual(answers.length, 250));
                assert.ok(answers.includes("200"));
                assert.ok(answers.includes("429"));
            } finally {
                await sessions.emulator.manage("PATCH", "/settings", { throttling: false });
            }
        });
    });

    describe("direct methods", () => {
        const call = { name: "m", payload: { x: 1 }, connectTimeout: 0, responseTimeout: 1 };

        it("distinguishes an offline device from one that does not answer", async () => {
            const { connections } = sessions.emulator.emulator.context;
            assert.strictEqual(
                await connections.invokeMethod(sessions.hub, "nobody", call),
                undefined,
            );
            const [deviceId, client] = await sessions.device();
            assert.strictEqual(
                await connections.invokeMethod(sessions.hub, deviceId, call),
                undefined,
            );
            await client.subscribeAsync("$iothub/methods/POST/#");
            assert.strictEqual(await connections.invokeMethod(sessions.hub, deviceId, call), null);
        });

        it("waits for a device to connect", async () => {
            const deviceId = sessions.register();
            const answer = sessions.emulator.emulator.context.connections.invokeMethod(
                sessions.hub,
                deviceId,
                {
                    ...call,
                    connectTimeout: 10,
                    responseTimeout: 10,
                },
            );
            const client = await sessions.open(deviceId);
            client.on("message", (topic, payload) => {
                const [, requestId] = /\$iothub\/methods\/POST\/m\/\?\$rid=(.+)$/.exec(topic) ?? [];
                client.publish(`$iothub/methods/res/200/?$rid=${requestId}`, payload);
            });
            await client.subscribeAsync("$iothub/methods/POST/#");
            assert.deepStrictEqual(await answer, { status: 200, payload: { x: 1 } });
        });
    });
});
