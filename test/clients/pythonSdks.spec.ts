import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import * as assert from "assert";
import { Message } from "azure-iot-common";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { EnrollmentGroup } from "azure-iot-provisioning-service/dist/interfaces";
import { Client as ServiceClient, Registry } from "azure-iothub";
import { Telemetry } from "../../emulator/hub/model";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { chain, issue, Issued, makeCa } from "../support/pki";
import { PythonSdks } from "../support/pythonSdks";

const group = "python-tests";
const hub = "python-tests-hub";
const dps = "python-tests-dps";
const hostName = `${hub}.azure-devices.net`;
const location = "westeurope";

interface Sent {
    readonly sent: boolean;
    readonly error?: string;
}

interface Registered {
    readonly status: string;
    readonly hub?: string;
    readonly deviceId?: string;
    readonly cause?: string;
}

describe("Azure's SDKs for Python", function () {
    this.timeout(120_000);
    let python: PythonSdks;
    let arm: IotHubClient;
    let registry: Registry;
    let intermediate: Issued;

    before(async function () {
        python = PythonSdks.find(this);
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        const root = await makeCa({ commonName: "Python Tests Root" });
        await arm.certificates.createOrUpdate(group, hub, "root", {
            properties: {
                certificate: Buffer.from(root.certificate).toString("base64"),
                isVerified: true,
            },
        });
        intermediate = await issue(root, { commonName: "Python Tests Intermediate", ca: true });
        registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
    });

    after(async () => {
        python?.remove();
        await (arm && dropGroup(arm, group));
    });

    async function create(deviceId: string, status = "enabled"): Promise<void> {
        const authentication = { type: "certificateAuthority" };
        await registry.create({ deviceId, status, authentication } as { deviceId: string });
    }

    async function received(deviceId: string): Promise<Telemetry[]> {
        const route = `/messages?hub=${hub}&deviceId=${deviceId}`;
        return (await shared().manage<{ messages: Telemetry[] }>("GET", route)).messages;
    }

    describe("azure-iot-device", () => {
        it("connects with its chain; telemetry, twin, method and message arrive on both ends", async () => {
            const deviceId = "python-1";
            await create(deviceId);
            const twin = (interval: number) =>
                registry.updateTwin(deviceId, { properties: { desired: { interval } } }, "*");
            await twin(5);
            const service = ServiceClient.fromTokenCredential(
                hostName,
                new EnvironmentCredential(),
            );
            await service.open();
            const leaf = await issue(intermediate, { commonName: deviceId });
            const asked: Promise<unknown>[] = [];
            const ask = async () => {
                await twin(9);
                const { result } = await service.invokeDeviceMethod(deviceId, {
                    methodName: "reboot",
                    payload: { delay: 3 },
                    connectTimeoutInSeconds: 5,
                    responseTimeoutInSeconds: 10,
                });
                const message = new Message("from the service");
                message.properties.add("colour", "light blue");
                await service.send(deviceId, message);
                return result as unknown;
            };
            const seen = await python.run(
                "device",
                { hostName, deviceId, ...python.files(chain(leaf, intermediate), leaf.key) },
                (line) => line === "ready" && asked.push(ask()),
            );
            assert.deepStrictEqual(seen, {
                desired: 5,
                patch: 9,
                method: "reboot",
                message: "from the service",
                colour: "light blue",
            });
            assert.deepStrictEqual(await Promise.all(asked), [
                { status: 207, payload: { delay: 3 } },
            ]);
            await service.close();
            const [got] = await received(deviceId);
            assert.strictEqual(got.body, '{"temperature":21.5}');
            assert.deepStrictEqual(got.properties, { "alarm&state": "50% = hälfte" });
            assert.strictEqual(got.systemProperties["message-id"], "m 1/ä");
            assert.strictEqual(got.systemProperties["content-type"], "application/json");
            const { properties } = (await registry.getTwin(deviceId)).responseBody;
            assert.strictEqual(properties.reported.firmware, "1.0");
        });

        const refusals: readonly [string, string, (leaf: Issued) => string][] = [
            ["without its intermediate", "enabled", (leaf) => chain(leaf)],
            ["of a disabled identity", "disabled", (leaf) => chain(leaf, intermediate)],
        ];
        for (const [index, [what, status, presented]] of refusals.entries()) {
            it(`is refused with a certificate ${what}`, async () => {
                const deviceId = `python-refused-${index}`;
                await create(deviceId, status);
                const leaf = await issue(intermediate, { commonName: deviceId });
                const files = python.files(presented(leaf), leaf.key);
                const seen = await python.run<Sent>("send", { hostName, deviceId, ...files });
                assert.deepStrictEqual(seen, { sent: false, error: "CredentialError" });
                assert.deepStrictEqual(await received(deviceId), []);
            });
        }
    });

    describe("azure-iot-device at the provisioning service", () => {
        let service: ProvisioningServiceClient;
        let idScope: string;

        before(async () => {
            const credential = new EnvironmentCredential();
            const services = new IotDpsClient(credential, shared().subscriptionId);
            const { primaryKey } = await arm.iotHubResource.getKeysForKeyName(
                group,
                hub,
                "iothubowner",
            );
            const connectionString = `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${primaryKey}`;
            const made = await services.iotDpsResource.beginCreateOrUpdateAndWait(group, dps, {
                location,
                sku: { name: "S1", capacity: 1 },
                properties: { iotHubs: [{ connectionString, location }] },
            });
            idScope = made.properties.idScope as string;
            await services.dpsCertificate.createOrUpdate(group, dps, "factory", {
                properties: {
                    certificate: Buffer.from(intermediate.certificate),
                    isVerified: true,
                },
            });
            const owner = "provisioningserviceowner";
            const keys = await services.iotDpsResource.listKeysForKeyName(dps, owner, group);
            service = ProvisioningServiceClient.fromConnectionString(
                `HostName=${dps}.azure-devices-provisioning.net;SharedAccessKeyName=${owner};` +
                    `SharedAccessKey=${keys.primaryKey}`,
            );
            await service.createOrUpdateEnrollmentGroup({
                enrollmentGroupId: "factory",
                attestation: { type: "x509", x509: { caReferences: { primary: "factory" } } },
            } as unknown as EnrollmentGroup);
        });

        async function register(deviceId: string, issuer = intermediate): Promise<Registered> {
            const leaf = await issue(issuer, { commonName: deviceId });
            const files = python.files(chain(leaf, issuer), leaf.key);
            return python.run<Registered>("provision", { idScope, deviceId, ...files });
        }

        it("registers with its chain, and sends to the hub that it is assigned to", async () => {
            const deviceId = "python-registered";
            const seen = await register(deviceId);
            assert.deepStrictEqual(seen, {
                status: "assigned",
                hub: hostName,
                deviceId,
                substatus: "initialAssignment",
            });
            const bodies = (await received(deviceId)).map(({ body }) => body);
            assert.deepStrictEqual(bodies, ["from Python"]);
        });

        it("is refused with a stranger's certificate, and while its group is disabled", async () => {
            const stranger = await makeCa({ commonName: "Python Stranger" });
            const refused = await register("python-stranger", stranger);
            assert.match(`${refused.status} ${refused.cause}`, /401|Unauthorized/);
            const { responseBody } = await service.getEnrollmentGroup("factory");
            await service.createOrUpdateEnrollmentGroup({
                ...responseBody,
                provisioningStatus: "disabled",
            });
            const disabled = await register("python-disabled");
            assert.match(`${disabled.status} ${disabled.cause}`, /registration status disabled/);
        });
    });

    it("azure-iot-hub: identities, twins and queries with a Microsoft Entra token", async () => {
        const { totalDeviceCount } = (await registry.getRegistryStatistics())
            .responseBody as unknown as { totalDeviceCount: number };
        const deviceId = "python-managed";
        const thumbprints = ["A".repeat(40), "B".repeat(40)];
        assert.deepStrictEqual(await python.run("registry", { hostName, deviceId, thumbprints }), {
            kind: "certificateAuthority",
            status: "disabled",
            thumbprint: thumbprints[0],
            bulk: true,
            tags: { site: "hall-3" },
            desired: 5,
            stale: 412,
            found: [deviceId],
            left: totalDeviceCount,
        });
    });
});
