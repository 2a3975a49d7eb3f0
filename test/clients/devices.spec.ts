import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import * as assert from "assert";
import { Client as DeviceClient, DeviceMethodRequest, Message, Twin } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { Client as ServiceClient, Registry } from "azure-iothub";
import { Telemetry } from "../../emulator/hub/model";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { chain, issue, Issued, makeCa } from "../support/pki";

const group = "device-tests";
const hub = "device-tests-hub";
const hostName = `${hub}.azure-devices.net`;

/** Everything of a device's life, with Azure's own SDKs on both ends. */
describe("azure-iot-device over MQTT", function () {
    this.timeout(60_000);
    let arm: IotHubClient;
    let registry: Registry;
    let service: ServiceClient;
    let intermediate: Issued;
    let device: DeviceClient;
    const { manage } = shared();

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        const root = await makeCa({ commonName: "Device Tests Root" });
        await proveCa(arm, root);
        intermediate = await issue(root, { commonName: "Device Tests Intermediate", ca: true });
        registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
        service = ServiceClient.fromTokenCredential(hostName, new EnvironmentCredential());
        await service.open();
        await register("device-1");
        device = await open(hostName, "device-1");
    });

    after(async () => {
        await device?.close();
        await service?.close();
        await dropGroup(arm, group);
    });

    async function register(deviceId: string): Promise<void> {
        const authentication = { type: "certificateAuthority" };
        await registry.create({ deviceId, authentication } as Parameters<Registry["create"]>[0]);
    }

    async function clientFor(host: string, deviceId: string): Promise<DeviceClient> {
        const leaf = await issue(intermediate, { commonName: deviceId });
        const text = `HostName=${host};DeviceId=${deviceId};x509=true`;
        const client = DeviceClient.fromConnectionString(text, Mqtt);
        await client.setOptions({ cert: chain(leaf, intermediate), key: leaf.key });
        return client;
    }

    async function open(host: string, deviceId: string): Promise<DeviceClient> {
        const client = await clientFor(host, deviceId);
        await client.open();
        return client;
    }

    async function received(deviceId: string): Promise<Telemetry[]> {
        const path = `/messages?hub=${hub}&deviceId=${encodeURIComponent(deviceId)}`;
        return (await manage<{ messages: Telemetry[] }>("GET", path)).messages;
    }

    it("sends telemetry with properties", async () => {
        const message = new Message(JSON.stringify({ temperature: 21.5 }));
        message.messageId = "m 1/ä";
        message.contentType = "application/json";
        message.contentEncoding = "utf-8";
        message.correlationId = "c1";
        message.properties.add("alarm&state", "50% = hälfte");
        await device.sendEvent(message);

        const [got] = await received("device-1");
        assert.strictEqual(got.body, '{"temperature":21.5}');
        assert.deepStrictEqual(got.properties, { "alarm&state": "50% = hälfte" });
        const { systemProperties } = got;
        assert.strictEqual(systemProperties["message-id"], "m 1/ä");
        assert.strictEqual(systemProperties["content-type"], "application/json");
        assert.strictEqual(systemProperties["content-encoding"], "utf-8");
        assert.strictEqual(systemProperties["correlation-id"], "c1");
        assert.strictEqual(systemProperties["iothub-connection-device-id"], "device-1");
        assert.strictEqual(systemProperties["iothub-message-source"], "Telemetry");
        assert.strictEqual(systemProperties["iothub-enqueuedtime"], got.enqueuedTime);
        const { responseBody } = await registry.get("device-1");
        assert.strictEqual(
            systemProperties["iothub-connection-auth-generation-id"],
            responseBody.generationId,
        );
        assert.strictEqual(responseBody.connectionState, "Connected");
        const method = JSON.parse(systemProperties["iothub-connection-auth-method"]);
        assert.deepStrictEqual(method, {
            scope: "device",
            type: "x509",
            issuer: "external",
            acceptingIpFilterRule: null,
        });
    });

    it("receives and completes cloud-to-device messages, including those sent before it subscribed", async () => {
        const early = new Message("early");
        early.messageId = "c2d-1";
        await service.send("device-1", early);
        const waiting: Message[] = [];
        const arrived = new Promise<void>((resolve) =>
            device.on("message", (message: Message) => {
                waiting.push(message);
                if (waiting.length === 2) {
                    resolve();
                }
            }),
        );
        const late = new Message("late");
        late.messageId = "c2d-2";
        late.properties.add("colour", "light blue");
        await service.send("device-1", late);
        await arrived;

        assert.deepStrictEqual(
            waiting.map((one) => [one.messageId, one.getData().toString()]),
            [
                ["c2d-1", "early"],
                ["c2d-2", "late"],
            ],
        );
        assert.strictEqual(waiting[1].properties.getItem(0).key, "colour");
        assert.strictEqual(waiting[1].properties.getItem(0).value, "light blue");
        for (const message of waiting) {
            await device.complete(message);
        }
        await eventually(async () => {
            const { responseBody } = await registry.get("device-1");
            assert.strictEqual(Number(responseBody.cloudToDeviceMessageCount), 0);
        });
    });

    it("reads its twin, reports properties and receives desired ones", async () => {
        await registry.updateTwin("device-1", { properties: { desired: { interval: 5 } } }, "*");
        const twin: Twin = await device.getTwin();
        assert.strictEqual(twin.properties.desired.interval, 5);

        const update = (patch: object): Promise<void> =>
            new Promise((resolve, reject) =>
                twin.properties.reported.update(patch, (error: Error | null) =>
                    error ? reject(error) : resolve(),
                ),
            );
        await update({ firmware: { version: "1.0", slot: "a" } });
        await update({ firmware: { slot: null } });
        const shown = (await registry.getTwin("device-1")).responseBody;
        assert.deepStrictEqual(shown.properties.reported.firmware, { version: "1.0" });
        assert.strictEqual(shown.properties.reported.$version, 3);

        // The listener is first called with the value that is already there.
        const told = new Promise<void>((resolve) =>
            twin.on("properties.desired.interval", (value) => {
                if (value === 9) {
                    resolve();
                }
            }),
        );
        await registry.updateTwin("device-1", { properties: { desired: { interval: 9 } } }, "*");
        await told;
        assert.strictEqual(twin.properties.desired.$version, 3);
    });

    it("answers direct methods", async () => {
        const asked = new Promise<DeviceMethodRequest>((resolve) =>
            device.onDeviceMethod("reboot", (request, response) => {
                resolve(request);
                response.send(207, { delay: request.payload.delay }).catch(assert.ifError);
            }),
        );
        const answer = await service.invokeDeviceMethod("device-1", {
            methodName: "reboot",
            payload: { delay: 3 },
            connectTimeoutInSeconds: 5,
            responseTimeoutInSeconds: 10,
        });
        assert.strictEqual((await asked).methodName, "reboot");
        assert.deepStrictEqual(answer.result, { status: 207, payload: { delay: 3 } });
    });

    it("connects through the hub's alias on localhost", async () => {
        const hubs = await manage<{ hub: string; hostName: string; alias: string }[]>(
            "GET",
            "/hubs",
        );
        const found = hubs.find((one) => one.hostName === hostName);
        assert.match(found?.alias ?? "", /^localhost:\d+$/);
        await register("device-2");
        const client = await open(found?.alias ?? "", "device-2");
        await client.sendEvent(new Message("by alias"));
        await client.close();
        assert.deepStrictEqual(
            (await received("device-2")).map(({ body }) => body),
            ["by alias"],
        );
    });

    it("learns that it is not authorized; the emulator shows the reason", async () => {
        const client = await clientFor(hostName, "never-registered");
        await assert.rejects(client.open(), { name: "UnauthorizedError" });
        const refusals = await manage<{ deviceId: string; reason: string }[]>("GET", "/refusals");
        const mine = refusals.filter(({ deviceId }) => deviceId === "never-registered");
        assert.strictEqual(mine[0].reason, "deviceUnknown");
    });

    it("is disconnected when disabled, and reconnects when enabled", async () => {
        await register("device-3");
        const client = await open(hostName, "device-3");
        const { responseBody } = await registry.get("device-3");
        const setStatus = (status: string): Promise<unknown> =>
            registry.update({
                deviceId: "device-3",
                etag: responseBody.etag,
                authentication: { type: "certificateAuthority" },
                status,
            } as Parameters<Registry["update"]>[0]);
        await setStatus("disabled");
        await eventually(async () => {
            const connections = await manage<{ deviceId: string }[]>("GET", "/connections");
            assert.ok(!connections.some(({ deviceId }) => deviceId === "device-3"));
        });
        await assert.rejects(client.sendEvent(new Message("too late")), {
            name: "UnauthorizedError",
        });
        await client.close();
        assert.deepStrictEqual(await received("device-3"), []);
        await setStatus("enabled");
        const again = await open(hostName, "device-3");
        await again.close();
    });
});

/** Uploads a CA and proves possession of its key, as Azure asks for it. */
async function proveCa(arm: IotHubClient, root: Issued): Promise<void> {
    const upload = Buffer.from(root.certificate).toString("base64");
    const body = { properties: { certificate: upload } };
    await arm.certificates.createOrUpdate(group, hub, "root", body);
    const { etag = "" } = await arm.certificates.get(group, hub, "root");
    const coded = await arm.certificates.generateVerificationCode(group, hub, "root", etag);
    const commonName = coded.properties?.verificationCode ?? "";
    const proof = await issue(root, { commonName });
    const certificate = Buffer.from(proof.certificate).toString("base64");
    const proven = await arm.certificates.verify(group, hub, "root", coded.etag ?? "", {
        certificate,
    });
    assert.strictEqual(proven.properties?.isVerified, true);
}

async function eventually(check: () => Promise<void>): Promise<void> {
    const end = Date.now() + 5000;
    for (;;) {
        try {
            return await check();
        } catch (error) {
            if (Date.now() > end) {
                throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}
