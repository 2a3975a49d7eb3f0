import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import * as assert from "assert";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { Message } from "azure-iot-common";
import { Client as DeviceClient } from "azure-iot-device";
import { Mqtt as HubMqtt } from "azure-iot-device-mqtt";
import { ProvisioningDeviceClient } from "azure-iot-provisioning-device";
import { Http } from "azure-iot-provisioning-device-http";
import { Mqtt } from "azure-iot-provisioning-device-mqtt";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { EnrollmentGroup } from "azure-iot-provisioning-service/dist/interfaces";
import { X509Security } from "azure-iot-security-x509";
import { Registry } from "azure-iothub";
import { Telemetry } from "../../emulator/hub/model";
import { DeviceFiles, DeviceRun, runDevice } from "../../scripts/demo/demoDevices";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { chain, issue, Issued, makeCa } from "../support/pki";

const group = "provisioning-devices";
const dps = "provisioning-devices-dps";
const hub = "provisioning-devices-hub";
const hubHost = `${hub}.azure-devices.net`;
const deviceHost = "global.azure-devices-provisioning.net";
const location = "westeurope";
const transports = { MQTT: () => new Mqtt(), HTTPS: () => new Http() };
type Transport = keyof typeof transports;

interface Assigned {
    readonly assignedHub: string;
    readonly deviceId: string;
    readonly substatus: string;
}

describe("azure-iot-provisioning-device", function () {
    this.timeout(60_000);
    let hubs: IotHubClient;
    let arm: IotDpsClient;
    let service: ProvisioningServiceClient;
    let registry: Registry;
    let idScope: string;
    let factory: Issued;

    before(async () => {
        const credential = new EnvironmentCredential();
        hubs = iotHubClient();
        arm = new IotDpsClient(credential, shared().subscriptionId);
        await makeHub(hubs, group, hub);
        const key = await hubs.iotHubResource.getKeysForKeyName(group, hub, "iothubowner");
        const connectionString =
            `HostName=${hubHost};SharedAccessKeyName=iothubowner;` +
            `SharedAccessKey=${key.primaryKey}`;
        const made = await arm.iotDpsResource.beginCreateOrUpdateAndWait(group, dps, {
            location,
            sku: { name: "S1", capacity: 1 },
            properties: { iotHubs: [{ connectionString, location }] },
        });
        idScope = made.properties.idScope as string;
        const root = await makeCa({ commonName: "Provisioning Root" });
        factory = await issue(root, { commonName: "Provisioning Factory", ca: true });
        await arm.dpsCertificate.createOrUpdate(group, dps, "factory", {
            properties: { certificate: Buffer.from(factory.certificate), isVerified: true },
        });
        const owner = "provisioningserviceowner";
        const keys = await arm.iotDpsResource.listKeysForKeyName(dps, owner, group);
        service = ProvisioningServiceClient.fromConnectionString(
            `HostName=${dps}.azure-devices-provisioning.net;SharedAccessKeyName=${owner};` +
                `SharedAccessKey=${keys.primaryKey}`,
        );
        await service.createOrUpdateEnrollmentGroup({
            enrollmentGroupId: "factory",
            attestation: { type: "x509", x509: { caReferences: { primary: "factory" } } },
            initialTwin: { tags: { site: "hall-3" }, properties: { desired: { interval: 5 } } },
        } as unknown as EnrollmentGroup);
        registry = Registry.fromTokenCredential(hubHost, credential);
    });

    after(() => dropGroup(hubs, group));

    async function switchGroup(provisioningStatus: "enabled" | "disabled"): Promise<void> {
        const { responseBody } = await service.getEnrollmentGroup("factory");
        await service.createOrUpdateEnrollmentGroup({ ...responseBody, provisioningStatus });
    }

    function leafOf(registrationId: string): Promise<Issued> {
        return issue(factory, { commonName: registrationId });
    }

    async function register(
        transport: Transport,
        registrationId: string,
        leaf: Issued,
        scope = idScope,
    ): Promise<Assigned> {
        const proof = { cert: chain(leaf, factory), key: leaf.key };
        const client = ProvisioningDeviceClient.create(
            deviceHost,
            scope,
            transports[transport](),
            new X509Security(registrationId, proof),
        );
        return (await client.register()) as unknown as Assigned;
    }

    async function sendTelemetry(to: Assigned, leaf: Issued, text: string): Promise<void> {
        const connection = `HostName=${to.assignedHub};DeviceId=${to.deviceId};x509=true`;
        const client = DeviceClient.fromConnectionString(connection, HubMqtt);
        await client.setOptions({ cert: chain(leaf, factory), key: leaf.key });
        await client.open();
        await client.sendEvent(new Message(text));
        await client.close();
    }

    async function received(deviceId: string): Promise<string[]> {
        const route = `/messages?hub=${hub}&deviceId=${deviceId}`;
        const { messages } = await shared().manage<{ messages: Telemetry[] }>("GET", route);
        return messages.map(({ body }) => body);
    }

    for (const transport of Object.keys(transports) as Transport[]) {
        it(`${transport}: registers, connects to its hub, and again with a renewed certificate`, async () => {
            const id = `pump-${transport.toLowerCase()}`;
            const first = await leafOf(id);
            const before = await register(transport, id, first);
            assert.strictEqual(before.assignedHub, hubHost);
            assert.strictEqual(before.deviceId, id);
            assert.strictEqual(before.substatus, "initialAssignment");
            await sendTelemetry(before, first, "one");
            const { generationId } = (await registry.get(id)).responseBody;
            const twin = (await registry.getTwin(id)).responseBody;
            assert.deepStrictEqual(twin.tags, { site: "hall-3" });
            assert.strictEqual(twin.properties.desired.interval, 5);
            await registry.updateTwin(id, { tags: { site: "hall-4" } }, "*");

            const renewed = await leafOf(id);
            const after = await register(transport, id, renewed);
            assert.strictEqual(after.assignedHub, hubHost);
            assert.strictEqual(after.substatus, "reprovisionedToInitialAssignment");
            await sendTelemetry(after, renewed, "two");
            assert.deepStrictEqual(await received(id), ["one", "two"]);
            assert.strictEqual((await registry.get(id)).responseBody.generationId, generationId);
            assert.deepStrictEqual((await registry.getTwin(id)).responseBody.tags, {
                site: "hall-4",
            });
            await assert.rejects(sendTelemetry(after, first, "with the old certificate"));
        });

        it(`${transport}: a disabled group blocks its devices, an enabled one accepts them again`, async () => {
            const id = `valve-${transport.toLowerCase()}`;
            const leaf = await leafOf(id);
            await switchGroup("disabled");
            try {
                await assert.rejects(register(transport, id, leaf), /status is disabled/);
            } finally {
                await switchGroup("enabled");
            }
            assert.strictEqual((await register(transport, id, leaf)).assignedHub, hubHost);
        });

        it(`${transport}: an unknown ID scope and a stranger's certificate are refused`, async () => {
            const id = `ghost-${transport.toLowerCase()}`;
            await assert.rejects(register(transport, id, await leafOf(id), "0ne00000000"));
            const stranger = await makeCa({ commonName: "Stranger" });
            const leaf = await issue(stranger, { commonName: id });
            await assert.rejects(register(transport, id, leaf), { name: "UnauthorizedError" });
        });
    }

    describe("the sample device", () => {
        let folder: string;

        beforeEach(() => {
            folder = mkdtempSync(path.join(tmpdir(), "iot-x509-sample-device-"));
        });

        afterEach(() => rmSync(folder, { recursive: true }));

        function run(
            leaf: Issued,
            target: DeviceFiles["target"],
            chainPem = chain(leaf, factory),
        ): Promise<DeviceRun> {
            const files = { deviceId: "device", target, chainPem, keyPem: leaf.key };
            return runDevice(files, folder, process.env, 1);
        }

        it("registers again when the hub refuses its renewed certificate, and continues", async () => {
            const id = "sample-renewed";
            const first = await run(await leafOf(id), { idScope });
            assert.strictEqual(first.status, 0, first.lines.join("\n"));
            const renewed = await leafOf(id);
            const connectionString = `HostName=${hubHost};DeviceId=${id};x509=true`;
            const refused = await run(renewed, { connectionString });
            assert.strictEqual(refused.status, 1);
            const again = await run(renewed, { connectionString, idScope });
            assert.deepStrictEqual(
                again.lines.filter((line) => line.startsWith(id)),
                [
                    `${id}: refused by the hub: registering again`,
                    `${id}: registered: ${connectionString}`,
                    `${id}: connected with its certificate`,
                    `${id}: sent message 1`,
                ],
            );
            assert.strictEqual(again.status, 0);
        });

        const refusals: readonly [string, RegExp, () => Promise<DeviceRun>][] = [
            [
                "an ID scope that no service has",
                /no provisioning service has the ID scope "0ne00000000".*output "provisioning"/,
                async () => run(await leafOf("sample-a"), { idScope: "0ne00000000" }),
            ],
            [
                "a missing intermediate",
                /check that the intermediate follows the leaf in the certificate file/,
                async () => {
                    const leaf = await leafOf("sample-b");
                    const stranger = await makeCa({ commonName: "Stranger" });
                    const strange = await issue(stranger, { commonName: "sample-b" });
                    return run({ ...strange, key: strange.key }, { idScope }, chain(strange, leaf));
                },
            ],
            [
                "a disabled enrollment",
                /its enrollment is disabled: enable it/,
                async () => {
                    await switchGroup("disabled");
                    try {
                        return await run(await leafOf("sample-c"), { idScope });
                    } finally {
                        await switchGroup("enabled");
                    }
                },
            ],
        ];
        for (const [what, message, attempt] of refusals) {
            it(`explains ${what}`, async () => {
                const { status, lines } = await attempt();
                assert.strictEqual(status, 1, lines.join("\n"));
                assert.match(lines.join("\n"), message);
                assert.doesNotMatch(lines.join("\n"), /^ +at |\[object/m);
            });
        }
    });
});
