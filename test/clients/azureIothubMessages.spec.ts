import * as assert from "assert";
import { IotHubClient } from "@azure/arm-iothub";
import { DefaultAzureCredential } from "@azure/identity";
import { Client as Device, Message as DeviceMessage } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { Client, Registry } from "azure-iothub";
import { Message } from "azure-iot-common";
import { createHash, X509Certificate } from "crypto";
import { EventEmitter, once } from "events";
import * as rhea from "rhea";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { Issued, selfSigned } from "../support/pki";

const group = "rg-azure-iothub-messages";
const hub = `messages-${process.pid}`;
const hostName = `${hub}.azure-devices.net`;

interface SdkError extends Error {
    readonly response?: { readonly statusCode: number };
    readonly responseBody?: string;
}

describe("azure-iothub Client and a device", () => {
    let arm: IotHubClient;
    let registry: Registry;
    let byToken: Client;
    let bySharedAccess: Client;
    let certificate: Issued;
    let device: Device;

    const connectionString = async (policy: string): Promise<string> => {
        const key = await arm.iotHubResource.getKeysForKeyName(group, hub, policy);
        return `HostName=${hostName};SharedAccessKeyName=${policy};SharedAccessKey=${key.primaryKey}`;
    };
    const create = async (deviceId: string): Promise<void> => {
        const der = new X509Certificate(certificate.certificate).raw;
        await registry.create({
            deviceId,
            authentication: {
                type: "selfSigned",
                x509Thumbprint: {
                    primaryThumbprint: createHash("sha256").update(der).digest("hex"),
                },
            },
        } as { deviceId: string });
    };

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        const credential = new DefaultAzureCredential();
        registry = Registry.fromTokenCredential(hostName, credential);
        byToken = Client.fromTokenCredential(hostName, credential);
        bySharedAccess = Client.fromConnectionString(await connectionString("service"));
        certificate = await selfSigned({ commonName: "d1" });
        await create("d1");
        device = Device.fromConnectionString(`HostName=${hostName};DeviceId=d1;x509=true`, Mqtt);
        await device.setOptions({ cert: certificate.certificate, key: certificate.key });
        await device.open();
    });
    after(async () => {
        await device?.close();
        await byToken?.close();
        await bySharedAccess?.close();
        await dropGroup(arm, group);
    });

    it("shows the device as connected", async () => {
        assert.equal((await registry.get("d1")).responseBody.connectionState, "Connected");
        const query = registry.createQuery(
            "SELECT deviceId FROM devices WHERE connectionState = 'Connected'",
        );
        assert.deepEqual((await query.next()).result, [{ deviceId: "d1" }]);
    });

    it("sends to a connected device, with an Entra token and with a key", async () => {
        const arrived = new EventEmitter();
        device.on("message", (message: DeviceMessage) => arrived.emit("message", message));
        for (const client of [byToken, bySharedAccess]) {
            const received = once(arrived, "message") as Promise<[DeviceMessage]>;
            const message = new Message(JSON.stringify({ go: "übermorgen" }));
            message.messageId = "4b8d9d3c-7f0e-4f59-9f3b-1d5e9a3f1c11";
            message.correlationId = "c-1";
            message.ack = "none";
            message.properties.add("lamp", "on & off");
            await client.open();
            await client.send("d1", message);
            const [got] = await received;
            assert.equal(got.getData().toString(), '{"go":"übermorgen"}');
            assert.equal(got.messageId, message.messageId);
            assert.equal(got.correlationId, "c-1");
            assert.equal(got.properties.getValue("lamp"), "on & off");
            await device.complete(got);
        }
    });

    it("queues 50 messages for an offline device", async () => {
        await create("away");
        await byToken.open();
        for (let index = 0; index < 50; index++) {
            await byToken.send("away", new Message(`m${index}`));
        }
        assert.equal((await registry.get("away")).responseBody.cloudToDeviceMessageCount, "50");
        await assert.rejects(byToken.send("away", new Message("one too many")), {
            name: "DeviceMaximumQueueDepthExceededError",
        });
        await registry.delete("away");
        await assert.rejects(byToken.send("away", new Message("gone")), {
            name: "DeviceNotFoundError",
        });
    });

    it("opens feedback and file notification receivers", async () => {
        await byToken.open();
        const feedback = await byToken.getFeedbackReceiver();
        assert.ok(feedback);
        assert.ok(await byToken.getFileNotificationReceiver());
    });

    it("refuses a wrong key with the token, and a policy without ServiceConnect at the link", async () => {
        const owner = await connectionString("service");
        const wrong = owner.replace(/SharedAccessKey=.*/, "SharedAccessKey=d3Jvbmc=");
        await assert.rejects(
            Client.fromConnectionString(wrong).open(),
            (error: { amqpError?: Error }) => error.amqpError?.name === "UnauthorizedError",
        );
        const reader = Client.fromConnectionString(await connectionString("registryRead"));
        await reader.open();
        await assert.rejects(reader.send("d1", new Message("x")), { name: "UnauthorizedError" });
        await reader.close();
    });

    it("invokes a method and returns the device's answer", async () => {
        device.onDeviceMethod("reboot", (request, response) => {
            void response.send(202, { echoed: request.payload as unknown });
        });
        const params = { methodName: "reboot", payload: { in: 5 }, responseTimeoutInSeconds: 10 };
        const { result } = await bySharedAccess.invokeDeviceMethod("d1", params);
        assert.deepEqual(result, { status: 202, payload: { echoed: { in: 5 } } });
    });

    it("reports a device that is not online, and one that does not answer", async () => {
        await create("offline");
        const params = { methodName: "reboot", responseTimeoutInSeconds: 5 };
        await fails(byToken.invokeDeviceMethod("offline", params), 404, /404103/);
        await fails(byToken.invokeDeviceMethod("nobody", params), 404, /nobody/);
        device.onDeviceMethod("silent", () => undefined);
        const silent = { methodName: "silent", responseTimeoutInSeconds: 5 };
        await fails(byToken.invokeDeviceMethod("d1", silent), 504, /504101/);
    });

    it("notifies the device of desired properties and shows what it reports", async () => {
        const twin = await device.getTwin();
        const desired = new Promise((resolve) => twin.on("properties.desired.interval", resolve));
        await registry.updateTwin("d1", { properties: { desired: { interval: 7 } } }, "*");
        assert.equal(await desired, 7);
        await new Promise<void>((resolve, reject) =>
            twin.properties.reported.update({ interval: 7 }, (error: Error | null) =>
                error ? reject(error) : resolve(),
            ),
        );
        const { responseBody } = await registry.getTwin("d1");
        assert.equal(responseBody.properties.reported.interval, 7);
    });

    it("detaches unsupported links with an error text, for a bare client (rhea)", async () => {
        const connection = rhea.create_container().connect({
            host: hostName,
            hostname: hostName,
            port: 5671,
            transport: "tls",
            servername: hostName,
            reconnect: false,
            sasl_mechanisms: undefined,
        } as rhea.ConnectionOptions);
        const receiver = connection.open_receiver("/messages/events/ConsumerGroups/$Default");
        const [context] = (await once(receiver, "receiver_error")) as [rhea.EventContext];
        const error = context.receiver?.error as rhea.AmqpError;
        assert.equal(error.condition, "amqp:not-implemented");
        assert.match(error.description ?? "", /does not implement links to/);
        connection.close();
        await once(connection, "connection_close");
    });
});

async function fails(action: Promise<unknown>, status: number, body: RegExp): Promise<void> {
    const error = await action.then(
        () => assert.fail(`no ${status}`),
        (reason: SdkError) => reason,
    );
    assert.equal(error.response?.statusCode, status, error.message);
    assert.match(error.responseBody ?? "", body);
}
