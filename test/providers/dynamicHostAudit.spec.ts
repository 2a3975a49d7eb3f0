import { strict as assert } from "assert";
import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { loader } from "../../components/dynamic/resource";
import { DynamicHost } from "../support/dynamicHost";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { issue, Issued, makeCa } from "../support/pki";

const group = "rg-dynamic-host-audit";
const hub = "iot-dynamic-host-audit";
const hostName = `${hub}.azure-devices.net`;
const dps = "dps-dynamic-host-audit";
const audit = "iothub/hubAudit";
const identity = "iothub/deviceIdentity";
const owner = "iot-x509/unit";

describe("HubAudit in Pulumi's provider host", function () {
    this.timeout(120_000);
    const { manage } = shared();
    let arm: IotHubClient;
    let registry: Registry;
    let hubId: string;
    let ca: Issued;

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        hubId = `/subscriptions/${arm.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/${hub}`;
        registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
        ca = await makeCa({ commonName: "Audit CA" });
    });

    afterEach(() => manage("DELETE", "/faults"));

    after(() => dropGroup(arm, group));

    /** A refresh: a process of its own, which reads an identity of the stack, and so knows the hub, and the audit. */
    async function refresh(isHubRead = true): Promise<string[]> {
        const host = await DynamicHost.start({ hub: JSON.stringify({ roleWaitSeconds: 0 }) });
        try {
            if (isHubRead) {
                const state = { hubId, status: "enabled", owner, __provider: loader(identity) };
                await host.read("own-01", state);
            }
            const found = await host.read("audit", { owner, __provider: loader(audit) });
            assert.equal(found?.owner, owner);
            return host.lines.filter((line) => line.startsWith("warning: "));
        } finally {
            await host.stop();
        }
    }

    /** What a strict run of a stack with these devices says of devices. */
    async function failures(inputs: Readonly<Record<string, unknown>>): Promise<string[]> {
        const host = await DynamicHost.start({ hub: JSON.stringify({ roleWaitSeconds: 0 }) });
        try {
            const found = await host.check(audit, {
                ...{ hubId, owner, certificates: [], former: [], areAllFormer: true },
                ...{ isStrict: true, leaving: [], accepted: 0, enrollmentGroups: [] },
                ...inputs,
            });
            return found.failures.filter((one) => /devices on |enrollment groups/.test(one));
        } finally {
            await host.stop();
        }
    }

    const addDevice = (deviceId: string, stack?: string) =>
        registry
            .addDevices([
                { deviceId, authentication: { type: "certificateAuthority" } } as unknown as {
                    deviceId: string;
                },
            ])
            .then(() =>
                stack === undefined
                    ? undefined
                    : registry.updateTwin(deviceId, { tags: { iotX509: { stack } } }, "*"),
            );

    const upload = (name: string) =>
        arm.certificates.createOrUpdate(group, hub, name, {
            properties: {
                certificate: Buffer.from(ca.certificate).toString("base64"),
                isVerified: true,
            },
        });

    it("of a hub with the stack's own things alone says nothing", async () => {
        await addDevice("own-01", owner);
        await upload(`pumps-g1-${ca.thumbprint.slice(0, 8).toLowerCase()}`);
        assert.deepEqual(await refresh(), []);
    });

    it("without an identity or a CA of the stack it does not know the hub, and says nothing", async () => {
        await addDevice("nobodys-01");
        assert.deepEqual(await refresh(false), []);
    });

    it("names devices without the stack's tag, and CAs without a name that the program gives", async () => {
        await addDevice("others-01", "other/prod");
        await upload("by-hand");
        const [authorities, devices, ...more] = await refresh();
        assert.match(authorities, /^warning: CA certificates on .*: by-hand \(verified\); whoever/);
        assert.match(devices, /^warning: devices on .*: nobodys-01, others-01; delete/);
        assert.deepEqual(more, []);
    });

    it("does not name what has an enrollment at a provisioning service that is linked", async () => {
        const { primaryKey } = await arm.iotHubResource.getKeysForKeyName(
            group,
            hub,
            "iothubowner",
        );
        const credential = new EnvironmentCredential();
        const client = new IotDpsClient(credential, arm.subscriptionId);
        await client.iotDpsResource.beginCreateOrUpdateAndWait(group, dps, {
            location: "westeurope",
            sku: { name: "S1", capacity: 1 },
            properties: {
                iotHubs: [
                    {
                        connectionString: `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${primaryKey}`,
                        location: "westeurope",
                    },
                ],
            },
        });
        const service = ProvisioningServiceClient.fromTokenCredential(
            `${dps}.azure-devices-provisioning.net`,
            credential,
        );
        const leaf = await issue(ca, { commonName: "nobodys-01" });
        await service.createOrUpdateIndividualEnrollment({
            registrationId: "nobodys-01",
            attestation: {
                type: "x509",
                x509: { clientCertificates: { primary: { certificate: leaf.certificate } } },
            },
        } as unknown as Parameters<typeof service.createOrUpdateIndividualEnrollment>[0]);
        const [, devices] = await refresh();
        assert.match(devices, /^warning: devices on .*: others-01; delete/);
    });

    it("names enrollment groups of the provisioning service that nobody declared", async () => {
        const address = `${dps}.azure-devices-provisioning.net`;
        const service = ProvisioningServiceClient.fromTokenCredential(
            address,
            new EnvironmentCredential(),
        );
        for (const enrollmentGroupId of ["pumps", "by-hand"]) {
            const { certificate } = await makeCa({ commonName: `CA of ${enrollmentGroupId}` });
            await service.createOrUpdateEnrollmentGroup({
                enrollmentGroupId,
                attestation: {
                    type: "x509",
                    x509: { signingCertificates: { primary: { certificate } } },
                },
            } as unknown as Parameters<typeof service.createOrUpdateEnrollmentGroup>[0]);
        }
        const serviceId = `${hubId.replace(/IotHubs.*/, "provisioningServices")}/${dps}`;
        const devices = ["own-01", "nobodys-01", "others-01"];
        const own = { devices, enrollmentGroups: ["pumps"] };
        const found = await failures({ ...own, service: { serviceId, hostName: address } });
        assert.equal(found.length, 1);
        assert.match(found[0], /enrollment groups of .* did not declare: by-hand; whoever has/);
        const gone = { serviceId: `${serviceId}-gone`, hostName: `gone-${address}` };
        assert.deepEqual(await failures({ ...own, service: gone }), []);
    });

    it("finds a device beyond a thousand that registered and have no tag", async () => {
        const known = Array.from({ length: 1100 }, (_, index) => `known-${index}`);
        for (let first = 0; first < known.length; first += 100) {
            await registry.addDevices(
                known.slice(first, first + 100).map((deviceId) => ({
                    deviceId,
                    authentication: { type: "certificateAuthority" },
                })) as unknown as { deviceId: string }[],
            );
        }
        await addDevice("zz-intruder");
        const found = await failures({ devices: [...known, "own-01", "nobodys-01", "others-01"] });
        assert.equal(found.length, 1);
        assert.match(found[0], /did not declare: zz-intruder; delete/);
    });

    it("refuses, strict or not, while an enabled device has the stack's tag that neither configuration nor state has", async () => {
        await addDevice("lost-01", owner);
        await addDevice("lost-02", owner);
        const off = (await registry.get("lost-02")).responseBody;
        await registry.update({ ...off, status: "disabled" } as typeof off);
        const found = await failures({ devices: ["own-01"] });
        assert.match(
            found[0],
            /enabled devices on .* with this stack's tag that neither its configuration nor its state has: lost-01; delete/,
        );
        assert.equal((await failures({ devices: ["own-01"], isStrict: false })).length, 1);
        const known = await failures({ devices: ["own-01"], former: ["LOST-01"] });
        assert.equal(known.length, 1);
    });

    it("in a stack of a fleet, whose devices other states have, does not", async () => {
        const found = await failures({ devices: ["own-01"], areAllFormer: false });
        assert.equal(found.length, 1);
    });

    it("what the index of a query still has is not named once it is gone", async () => {
        await manage("PATCH", "/settings", { queryIndexLagSeconds: 600 });
        try {
            await registry.delete("lost-01");
            assert.equal((await failures({ devices: ["own-01"] })).length, 1);
        } finally {
            await manage("PATCH", "/settings", { queryIndexLagSeconds: 0 });
        }
    });

    it("a hub that does not answer is a warning, and never ends a refresh", async () => {
        await manage("POST", "/faults", {
            method: "GET",
            path: "/certificates\\?",
            status: 400,
            body: { error: { code: "BadRequest", message: "Injected." } },
        });
        const [line, ...more] = await refresh();
        assert.match(
            line,
            /^warning: the other devices and CAs on the hub cannot be read: .*Injected/,
        );
        assert.deepEqual(more, []);
    });
});
