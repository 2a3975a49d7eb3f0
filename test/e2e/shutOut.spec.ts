import * as assert from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { Client } from "azure-iot-device";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { register } from "../../sample-device/registration";
import { Deployment, DeviceOutput, StackOutputs } from "../support/deployment";
import { connectDevice, connects, liveConnection } from "../support/liveDevice";
import { makeCa } from "../support/pki";

type Outputs = StackOutputs & {
    readonly provisioning: { readonly idScope: string; readonly serviceHostName: string };
};

const hubName = "iot-shut-out";

/** Devices that are disabled, that leave, and that must not notice, of each kind that may register. */
const kinds = {
    meter: { group: "meters" },
    solo: { group: "meters", enrollment: "individual" },
    pump: { group: "pumps" },
};
const all = Object.entries(kinds).flatMap(([kind, rest]) =>
    ["off", "gone", "stays"].map((fate) => ({ id: `${kind}-${fate}`, ...rest })),
);
const ids = (fate: string): string[] =>
    all.map(({ id }) => id).filter((id) => id.endsWith(`-${fate}`));

describe("a device that registers, and is disabled or leaves the configuration", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let idScope: string;
    /** What each device had in the field. */
    const held = new Map<string, DeviceOutput>();
    const live = new Map<string, Client>();

    before(async function () {
        deployment = await Deployment.make(this, "shut-out", {
            hub: { name: hubName },
            dps: { prefix: "dps-shut-out" },
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256", provisioning: "both" },
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
            },
            devices: all,
        });
        await deployment.up();
        await meetAll();
    });

    after(async () => {
        await Promise.all(
            [...live.values()].map((client) => client.close().catch(() => undefined)),
        );
        await deployment?.remove();
    });

    const outputs = async () => (await deployment.outputs()) as Outputs;

    async function registers(id: string): Promise<string> {
        const { chain, privateKey } = held.get(id) as DeviceOutput;
        return register({ idScope, registrationId: id, chainPem: chain, keyPem: privateKey });
    }

    function credentials(id: string) {
        const { chain, privateKey } = held.get(id) as DeviceOutput;
        const host = `${hubName}.azure-devices.net`;
        return { connectionString: `HostName=${host};DeviceId=${id};x509=true`, chain, privateKey };
    }

    /** Every device gets its files, registers, and stays connected. */
    async function meetAll(): Promise<void> {
        const { devices, provisioning } = await outputs();
        idScope = provisioning.idScope;
        const meet = async (id: string): Promise<void> => {
            held.set(id, devices[id]);
            await registers(id);
            if (!(await liveConnection(hubName, id))) {
                live.set(id, await connectDevice(credentials(id)));
            }
        };
        await Promise.all(all.map(({ id }) => meet(id)));
    }

    async function assertOut(id: string): Promise<void> {
        assert.equal(await liveConnection(hubName, id), undefined, `${id} is still connected`);
        await assert.rejects(connects(credentials(id)), `${id} connects`);
        await assert.rejects(registers(id), `${id} registers`);
        await assert.rejects(connects(credentials(id)), `${id} connects after trying to register`);
    }

    async function leavesNothing(): Promise<void> {
        const { changeSummary } = await deployment.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"]);
    }

    async function service(): Promise<ProvisioningServiceClient> {
        const { serviceHostName } = (await outputs()).provisioning;
        return ProvisioningServiceClient.fromTokenCredential(
            serviceHostName,
            new EnvironmentCredential(),
        );
    }

    it("can no longer register or connect, and no other device is affected", async () => {
        const bystanders = new Map(
            await Promise.all(
                ids("stays").map(async (id) => [id, await liveConnection(hubName, id)] as const),
            ),
        );
        ids("off").forEach((id) => deployment.changeDevice(id, { status: "disabled" }));
        deployment.change((settings) => {
            settings.devices = settings.devices.filter(
                ({ id }) => !ids("gone").includes(String(id)),
            );
        });
        assert.deepEqual(await deployment.plan(), [
            "delete DeviceCertificate meter-gone",
            "delete DeviceCertificate pump-gone",
            "delete DeviceCertificate solo-gone",
            "delete DeviceIdentity pump-gone",
            "delete IndividualEnrollment solo-gone",
            "update DeviceIdentity pump-off",
            "update DeviceRegistration meter-gone",
            "update DeviceRegistration meter-off",
            "update DeviceRegistration pump-gone",
            "update DeviceRegistration pump-off",
            "update DeviceRegistration solo-gone",
            "update DeviceRegistration solo-off",
            "update IndividualEnrollment solo-off",
        ]);
        await deployment.up();
        await Promise.all([...ids("off"), ...ids("gone")].map(assertOut));
        for (const id of ids("stays")) {
            assert.deepEqual(await liveConnection(hubName, id), bystanders.get(id), id);
        }
        await Promise.all(ids("stays").map(registers));
        await leavesNothing();
    });

    it("a manual re-enablement is shown by a refresh, and up reverts it", async () => {
        const client = await service();
        await client.deleteIndividualEnrollment("meter-off");
        const { changeSummary } = await deployment.stack.preview({ refresh: true });
        assert.equal(changeSummary.update, 1, JSON.stringify(changeSummary));
        await deployment.up("--refresh");
        await assertOut("meter-off");
        await leavesNothing();
    });

    it("is accepted again after the opposite change", async () => {
        deployment.change((settings) => void (settings.devices = all));
        await deployment.up();
        await meetAll();
        await leavesNothing();
    });

    it("with pruneDevices false, it stays on its hub disabled, and can be enabled again", async () => {
        deployment.change((settings) => {
            settings.pruneDevices = false;
            settings.devices = settings.devices.filter(
                ({ id }) => !ids("gone").includes(String(id)),
            );
        });
        const steps = await deployment.plan();
        assert.deepEqual(
            steps.filter((step) => !step.startsWith("update ")),
            ["delete IndividualEnrollment solo-gone"],
        );
        await deployment.up();
        await Promise.all(ids("gone").map(assertOut));
        const registry = await deployment.registry();
        for (const id of ids("gone")) {
            assert.equal((await registry.get(id)).responseBody.status, "disabled", id);
        }
        await leavesNothing();
        deployment.change((settings) => void (settings.devices = all));
        await deployment.up();
        await Promise.all(ids("gone").map((id) => connects(credentials(id))));
        await leavesNothing();
    });

    it("fails the run when somebody else's enrollment would accept it", async () => {
        const client = await service();
        const foreign = await makeCa({ commonName: "meter-gone" });
        const x509 = { clientCertificates: { primary: { certificate: foreign.certificate } } };
        await client.createOrUpdateIndividualEnrollment({
            registrationId: "meter-gone",
            attestation: { type: "x509", x509 },
        } as never);
        deployment.change((settings) => {
            settings.pruneDevices = true;
            settings.devices = settings.devices.filter(({ id }) => id !== "meter-gone");
        });
        await assert.rejects(deployment.up(), (error: Error) => {
            assert.match(
                error.message,
                /enrollment "meter-gone".*does not belong to this stack.*NOT cut off/,
            );
            return true;
        });
        await client.deleteIndividualEnrollment("meter-gone");
        await deployment.up();
        await assertOut("meter-gone");
        await leavesNothing();
    });

    it("leaves no enrollment behind once its CA is removed, and stays cut off", async () => {
        const client = await service();
        await client.getIndividualEnrollment("meter-gone");
        deployment.changeDevice("meter-off", { status: "disabled" });
        deployment.change((settings) => {
            settings.groups.meters.intermediate = { generation: 2 };
        });
        await deployment.up();
        await assert.rejects(client.getIndividualEnrollment("meter-gone"));
        await assertOut("meter-gone");
        // Of a device that is in the configuration it stays: it has a certificate of the new CA.
        const { responseBody } = await client.getIndividualEnrollment("meter-off");
        assert.equal(responseBody.provisioningStatus, "disabled");
        held.set("meter-off", (await outputs()).devices["meter-off"]);
        await assertOut("meter-off");
        await leavesNothing();
    });
});
