import * as assert from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { Message, NoRetry } from "azure-iot-common";
import { Client } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { OutputMap, Stack, UpOptions } from "@pulumi/pulumi/automation";
import { register } from "../../sample-device/registration";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { shared } from "../support/emulator";
import { armRequest, iotHubClient } from "../support/iotHubClient";
import { requirePulumi } from "../support/tools";

interface DeviceOutput {
    readonly chain: string;
    readonly privateKey: string;
}

interface ProvisioningOutput {
    readonly idScope: string;
    readonly serviceHostName: string;
    readonly trusted: Readonly<Record<string, { readonly isVerified: boolean }>>;
}

interface Connection {
    readonly hub: string;
    readonly deviceId: string;
}

interface Refusal {
    readonly registrationId?: string;
    readonly deviceId?: string;
    readonly reason: string;
}

/** Devices of the group that is cut off in the drill, and of the one that must not notice. */
const cut = ["pump-1", "pump-2", "pump-3"];
const spared = ["meter-1", "meter-2", "meter-3"];

describe("devices that find their hub through the provisioning service", function () {
    this.timeout(300_000);
    const { manage } = shared();
    let project: ProjectCopy;
    let stack: Stack;
    let outputs: OutputMap;
    const clients = new Map<string, Client>();

    before(async function () {
        const { pulumiHome } = requirePulumi(this);
        project = ProjectCopy.make({ environment: process.env, pulumiHome });
        project.changeSettings("dps", (config) => {
            const group = { keyAlgorithm: "ECDSA-P256", provisioning: "dps" };
            config["iot-x509:hub"] = { prefix: "iot-dps" };
            config["iot-x509:dps"] = { prefix: "dps" };
            config["iot-x509:groups"] = { pumps: group, meters: group, solo: group };
            config["iot-x509:devices"] = [
                ...cut.map((id) => ({ id, group: "pumps" })),
                ...spared.map((id) => ({ id, group: "meters" })),
                { id: "solo-1", group: "solo", enrollment: "individual" },
            ];
        });
        stack = await project.stack("dps");
        await up();
    });

    after(async () => {
        await Promise.all([...clients.values()].map((client) => client.close()));
        await stack?.destroy();
        project?.remove();
    });

    async function up(options?: UpOptions): Promise<void> {
        ({ outputs } = await stack.up(options));
    }

    function output<T>(name: string): T {
        return outputs[name].value as T;
    }

    async function registered(deviceId: string): Promise<string> {
        const { idScope } = output<ProvisioningOutput>("provisioning");
        const { chain, privateKey } = output<Record<string, DeviceOutput>>("devices")[deviceId];
        return register({
            idScope,
            registrationId: deviceId,
            chainPem: chain,
            keyPem: privateKey,
        });
    }

    /** Registers, connects to the assigned hub and stays connected. */
    async function connect(deviceId: string): Promise<Client> {
        const client = Client.fromConnectionString(await registered(deviceId), Mqtt);
        const { chain, privateKey } = output<Record<string, DeviceOutput>>("devices")[deviceId];
        await client.setOptions({ cert: chain, key: privateKey });
        await client.open();
        clients.set(deviceId, client);
        return client;
    }

    async function connected(): Promise<string[]> {
        const { name } = output<{ name: string }>("hub");
        const connections = await manage<Connection[]>("GET", "/connections");
        return connections.filter(({ hub }) => hub === name).map(({ deviceId }) => deviceId);
    }

    async function enrollmentClient(): Promise<ProvisioningServiceClient> {
        const { serviceHostName } = output<ProvisioningOutput>("provisioning");
        return ProvisioningServiceClient.fromTokenCredential(
            serviceHostName,
            new EnvironmentCredential(),
        );
    }

    function blockPumps(isBlocked: boolean): void {
        project.changeSettings("dps", (config) => {
            const groups = config["iot-x509:groups"] as Record<string, Record<string, unknown>>;
            groups.pumps.blocked = isBlocked;
        });
    }

    it("has a proven CA and an enabled enrollment group for each group", async () => {
        const { trusted } = output<ProvisioningOutput>("provisioning");
        assert.deepStrictEqual(Object.keys(trusted).sort(), ["meters-g1", "pumps-g1", "solo-g1"]);
        assert.ok(Object.values(trusted).every(({ isVerified }) => isVerified));
        const service = await enrollmentClient();
        const { responseBody: group } = await service.getEnrollmentGroup("pumps");
        assert.strictEqual(group.provisioningStatus, "enabled");
        assert.strictEqual(group.attestation.type, "x509");
    });

    it("has no device on the hub before one has registered", async () => {
        assert.deepStrictEqual(await connected(), []);
        const { changeSummary } = await stack.preview();
        assert.deepStrictEqual(Object.keys(changeSummary), ["same"]);
    });

    it("accepts devices with only a certificate and the ID scope, and their telemetry", async () => {
        for (const deviceId of [...cut, ...spared, "solo-1"]) {
            const client = await connect(deviceId);
            await client.sendEvent(new Message(deviceId));
        }
        assert.deepStrictEqual((await connected()).sort(), [...cut, ...spared, "solo-1"].sort());
        const { messages } = await manage<{
            messages: { systemProperties: Record<string, string> }[];
        }>("GET", "/messages?deviceId=pump-1");
        assert.match(
            messages[0].systemProperties["iothub-connection-auth-method"],
            /"type":"x509"/,
        );
    });

    it("one up cuts off exactly a compromised group and names its devices", async () => {
        blockPumps(true);
        const lines: string[] = [];
        const { changeSummary } = await stack.preview({ onOutput: (text) => lines.push(text) });
        assert.match(lines.join(""), /pumps will be blocked; 3 registered devices will be cut off/);
        for (const deviceId of cut) {
            assert.ok(lines.join("").includes(deviceId), `the preview does not name ${deviceId}`);
        }
        assert.strictEqual(changeSummary.update, 1);
        const lost: string[] = [];
        spared.forEach((id) => clients.get(id)?.on("disconnect", () => lost.push(id)));
        await up();
        assert.deepStrictEqual((await connected()).sort(), [...spared, "solo-1"].sort());
        assert.deepStrictEqual(lost, []);
    });

    it("refuses the blocked devices at registration and at the hub", async () => {
        await manage("DELETE", "/refusals");
        await manage("DELETE", "/refused-registrations");
        await assert.rejects(registered("pump-1"));
        const registrations = await manage<Refusal[]>("GET", "/refused-registrations");
        assert.ok(registrations.some(({ registrationId }) => registrationId === "pump-1"));
        const client = clients.get("pump-2") as Client;
        await client.close();
        client.setRetryPolicy(new NoRetry());
        await assert.rejects(client.open());
        const refusals = await manage<Refusal[]>("GET", "/refusals");
        assert.ok(
            refusals.some(
                ({ deviceId, reason }) => deviceId === "pump-2" && /isabled/.test(reason),
            ),
        );
    });

    it("accepts them again when the group is unblocked", async () => {
        blockPumps(false);
        await up();
        await connect("pump-1");
        assert.ok((await connected()).includes("pump-1"));
    });

    it("shows and corrects an enrollment that was disabled by hand", async () => {
        const service = await enrollmentClient();
        const { responseBody: group } = await service.getEnrollmentGroup("meters");
        await service.createOrUpdateEnrollmentGroup({ ...group, provisioningStatus: "disabled" });
        const { summary } = await stack.refresh();
        assert.strictEqual(summary.resourceChanges?.update, 1);
        await up();
        const { responseBody: healed } = await service.getEnrollmentGroup("meters");
        assert.strictEqual(healed.provisioningStatus, "enabled");
    });

    it("is created again with everything on it after somebody deleted the service", async () => {
        const { name } = output<{ readonly name: string }>("provisioning");
        const group = output<string>("resourceGroupName");
        const path = `/resourceGroups/${group}/providers/Microsoft.Devices/provisioningServices/${name}`;
        await armRequest(iotHubClient(), "DELETE", `${path}?api-version=2022-12-12`);
        await up({ refresh: true });
        const { changeSummary } = await stack.preview();
        assert.deepStrictEqual(Object.keys(changeSummary), ["same"]);
        await Promise.all(["pump-1", "meter-1", "solo-1"].map(registered));
    });
});
