import { IotHubClient } from "@azure/arm-iothub";
import { strict as assert } from "assert";
import { execFile } from "child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { shared } from "../support/emulator";
import { armRequest, dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { makeCa } from "../support/pki";
import { Engine, requirePulumi } from "../support/tools";

/** A program whose settings a test changes; names are left to the plugin unless set. */
const program = `
const pulumi = require("@pulumi/pulumi");
const settings = require("./settings.json");
const { ResourceGroup } = require("@pulumi/azure-native/resources");
const iothub = require("@pulumi/azure-native/iothub");
const { RoleAssignment, getClientConfigOutput } = require("@pulumi/azure-native/authorization");

const group = new ResourceGroup("group", { location: settings.location });
const hub = new iothub.IotHubResource(
    "hub",
    {
        resourceGroupName: group.name,
        resourceName: settings.hubName,
        sku: { name: "S1", capacity: settings.capacity },
        properties: { minTlsVersion: "1.2" },
        tags: settings.tags,
    },
    { ignoreChanges: settings.ignoreChanges },
);
new iothub.IotHubResourceEventHubConsumerGroup("readers", {
    resourceGroupName: group.name,
    resourceName: hub.name,
    eventHubEndpointName: "events",
    properties: { name: "readers" },
});
const me = getClientConfigOutput();
new RoleAssignment("reader", {
    scope: hub.id,
    principalId: me.objectId,
    principalType: "ServicePrincipal",
    roleDefinitionId: pulumi.interpolate\`/subscriptions/\${me.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7\`,
});
if (settings.certificate !== undefined) {
    // The official provider sends no If-Match, so it can neither change nor delete one.
    new iothub.Certificate(
        "root",
        {
            resourceGroupName: group.name,
            resourceName: hub.name,
            properties: { certificate: settings.certificate },
        },
        { retainOnDelete: true },
    );
}
if (settings.adopted !== undefined) {
    new iothub.IotHubResource(
        "adopted",
        {
            resourceGroupName: settings.adopted.group,
            resourceName: settings.adopted.name,
            location: settings.location,
            sku: { name: "S1", capacity: 1 },
            ...settings.adopted.inputs,
        },
        { import: settings.adopted.id, retainOnDelete: true },
    );
}
if (settings.unknownType) {
    const { StorageAccount } = require("@pulumi/azure-native/storage");
    new StorageAccount("store", {
        resourceGroupName: group.name,
        kind: "StorageV2",
        sku: { name: "Standard_LRS" },
    });
}
module.exports = {
    group: group.name,
    hub: hub.name,
    host: hub.properties.hostName,
    hubId: hub.id,
    who: me.clientId,
    keys: pulumi.secret(
        iothub.listIotHubResourceKeysOutput({ resourceGroupName: group.name, resourceName: hub.name }),
    ),
};
`;

interface Settings {
    readonly location: string;
    readonly capacity: number;
    readonly tags: Record<string, string>;
    readonly hubName?: string;
    readonly ignoreChanges?: string[];
    readonly certificate?: string;
    readonly adopted?: { group: string; name: string; id: string; inputs: object };
    readonly unknownType?: boolean;
}

interface Outputs {
    readonly group: string;
    readonly hub: string;
    readonly host: string;
    readonly hubId: string;
    readonly who: string;
}

describe("The azure-native stand-in and the Pulumi CLI", function () {
    this.timeout(300_000);
    let toolchain: Engine;
    let folder: string;
    let client: IotHubClient;
    let hubsBefore: string[];
    let settings: Settings = { location: "westeurope", capacity: 1, tags: { owner: "test" } };

    before(async function () {
        toolchain = requirePulumi(this);
        client = iotHubClient();
        hubsBefore = await hubs();
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-standin-"));
        mkdirSync(path.join(folder, "state"));
        writeFileSync(path.join(folder, "Pulumi.yaml"), "name: standin\nruntime: nodejs\n");
        writeFileSync(path.join(folder, "package.json"), '{"name":"standin","main":"index.js"}');
        writeFileSync(path.join(folder, "index.js"), program);
        const modules = path.resolve(__dirname, "../../node_modules");
        symlinkSync(modules, path.join(folder, "node_modules"));
        await pulumi("stack", "init", "dev");
    });

    after(() => {
        if (folder !== undefined) {
            rmSync(folder, { recursive: true, force: true });
        }
    });

    async function pulumi(...args: string[]): Promise<string> {
        writeFileSync(path.join(folder, "settings.json"), JSON.stringify(settings));
        const env = {
            ...process.env,
            PATH: `${path.dirname(toolchain.cli)}${path.delimiter}${process.env.PATH}`,
            PULUMI_HOME: toolchain.pulumiHome,
            PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
        };
        try {
            const all = [...args, "--non-interactive", "--color", "never"];
            const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
            return (await promisify(execFile)(toolchain.cli, all, options)).stdout;
        } catch (error) {
            const { stdout, stderr } = error as { stdout: string; stderr: string };
            throw new Error(`pulumi ${args.join(" ")}:\n${stdout}\n${stderr}`);
        }
    }

    async function hubs(): Promise<string[]> {
        const names: string[] = [];
        for await (const hub of client.iotHubResource.listBySubscription()) {
            names.push(hub.name ?? "");
        }
        return names.sort();
    }

    const change = (part: Partial<Settings>): void => {
        settings = { ...settings, ...part };
    };
    const up = (): Promise<string> => pulumi("up", "--yes", "--skip-preview");
    const outputs = async (): Promise<Outputs> =>
        JSON.parse(await pulumi("stack", "output", "--json")) as Outputs;

    /** What a preview plans, by logical name, several steps joined; what stays is left out. */
    async function plan(): Promise<Record<string, string>> {
        const { steps } = JSON.parse(await pulumi("preview", "--json")) as {
            steps: { op: string; urn: string }[];
        };
        const planned: Record<string, string> = {};
        for (const { op, urn } of steps.filter((step) => step.op !== "same")) {
            const name = urn.slice(urn.lastIndexOf("::") + 2);
            planned[name] = name in planned ? `${planned[name]} ${op}` : op;
        }
        return planned;
    }

    it("creates with generated names, in the resource group's location, and says which plugin ran", async () => {
        const text = await up();
        const lines = text.match(/Engine: Pulumi .*stand-ins of this project .*azure-native \d/g);
        assert.equal(lines?.length, 2, "in the tree and in the diagnostics");
        const { group, hub, host, hubId, who } = await outputs();
        assert.match(group, /^group[0-9a-f]{8}$/);
        assert.match(hub, /^hub[0-9a-f]{8}$/);
        assert.equal(host, `${hub}.azure-devices.net`);
        assert.equal(who, process.env.ARM_CLIENT_ID);
        const found = await client.iotHubResource.get(group, hub);
        assert.equal(found.id, hubId);
        assert.equal(found.location, "westeurope");
        assert.equal(found.properties?.state, "Active");
        const groups = client.iotHubResource.listEventHubConsumerGroups(group, hub, "events");
        const names: (string | undefined)[] = [];
        for await (const each of groups) {
            names.push(each.name);
        }
        assert.ok(names.includes("readers"), names.join());
    });

    it("finds nothing to do the second time", async () => {
        assert.deepEqual(await plan(), {});
        await pulumi("preview", "--expect-no-changes");
        await pulumi("preview", "--expect-no-changes", "--refresh");
    });

    it("keeps the hub's keys out of the state and the output", async () => {
        const { group, hub } = await outputs();
        const keys: string[] = [];
        for await (const rule of client.iotHubResource.listKeys(group, hub)) {
            keys.push(rule.primaryKey ?? "", rule.secondaryKey ?? "");
        }
        assert.ok(keys.length >= 2 && keys.every((key) => key.length > 20));
        const state = readFileSync(
            path.join(folder, "state/.pulumi/stacks/standin/dev.json"),
            "utf8",
        );
        const shown = await pulumi("stack", "output", "--json");
        const revealed = await pulumi("stack", "output", "--json", "--show-secrets");
        for (const key of keys) {
            assert.ok(!state.includes(key) && !shown.includes(key));
            assert.ok(revealed.includes(key));
        }
        assert.ok(!state.includes(process.env.ARM_CLIENT_SECRET ?? "no secret"));
    });

    it("updates in place", async () => {
        const before = await outputs();
        change({ capacity: 2, tags: { owner: "test", stage: "two" } });
        assert.deepEqual(await plan(), { hub: "update" });
        await up();
        assert.equal((await outputs()).hubId, before.hubId);
        const hub = await client.iotHubResource.get(before.group, before.hub);
        assert.equal(hub.sku.capacity, 2);
        assert.deepEqual(hub.tags, { owner: "test", stage: "two" });
    });

    it("leaves alone what ignoreChanges names", async () => {
        change({ ignoreChanges: ["tags"], tags: { owner: "ignored" } });
        assert.deepEqual(await plan(), {});
        change({ ignoreChanges: undefined, tags: { owner: "test", stage: "two" } });
    });

    it("refreshes what somebody changed, and restores it", async () => {
        const { group, hub } = await outputs();
        await client.iotHubResource.beginUpdateAndWait(group, hub, { tags: { owner: "somebody" } });
        assert.deepEqual(await plan(), {}, "unseen without a refresh");
        await pulumi("refresh", "--yes", "--skip-preview");
        assert.deepEqual(await plan(), { hub: "update" });
        await up();
        const found = await client.iotHubResource.get(group, hub);
        assert.deepEqual(found.tags, { owner: "test", stage: "two" });
    });

    it("creates again what somebody deleted", async () => {
        const { hubId } = await outputs();
        const path = `${hubId.slice(hubId.indexOf("/resourceGroups"))}/eventHubEndpoints/events/ConsumerGroups/readers`;
        await armRequest(client, "DELETE", `${path}?api-version=2023-06-30`);
        await pulumi("refresh", "--yes", "--skip-preview");
        assert.deepEqual(await plan(), { readers: "create" });
        await up();
        assert.deepEqual(await plan(), {});
    });

    it("creates a CA certificate, which nobody can then change without If-Match", async () => {
        const [first, second] = await Promise.all([
            makeCa({ commonName: "first" }),
            makeCa({ commonName: "second" }),
        ]);
        change({ certificate: Buffer.from(first.certificate).toString("base64") });
        await up();
        const { group, hub } = await outputs();
        const found = await client.certificates.get(group, hub, "root");
        assert.equal(found.properties?.subject, "first");
        change({ certificate: Buffer.from(second.certificate).toString("base64") });
        assert.deepEqual(await plan(), { root: "update" });
        await assert.rejects(up(), /Status=412 .*IH412001/s);
        change({ certificate: undefined });
        await up();
    });

    it("imports a hub by its ARM ID and brings it to what the program says", async () => {
        const [group, name] = ["import-group", "import-hub-1"];
        await makeHub(client, group, name);
        const id = (await client.iotHubResource.get(group, name)).id ?? "";
        change({ adopted: { group, name, id, inputs: { tags: { adopted: "yes" } } } });
        const planned = await plan();
        assert.deepEqual(Object.keys(planned), ["adopted"]);
        assert.match(planned.adopted, /^import\b/);
        await up();
        assert.deepEqual(await plan(), {});
        assert.deepEqual((await client.iotHubResource.get(group, name)).tags, { adopted: "yes" });
        change({ adopted: undefined });
        await up();
        assert.equal((await client.iotHubResource.get(group, name)).id, id, "retained");

        const stack = ["azure-native:iothub:IotHubResource", "adopted", id];
        await pulumi("import", ...stack, "--yes", "--generate-code=false", "--protect=false");
        assert.deepEqual(await plan(), { adopted: "delete" });
        await up();
        await assert.rejects(client.iotHubResource.get(group, name), { statusCode: 404 });
        await dropGroup(client, group);
    });

    it("replaces a hub of another name and all in it", async () => {
        const before = await outputs();
        change({ hubName: "standin-renamed-1" });
        assert.deepEqual(await plan(), { hub: "replace", readers: "replace", reader: "replace" });
        await up();
        const after = await outputs();
        assert.equal(after.hub, "standin-renamed-1");
        assert.equal(after.group, before.group);
        await assert.rejects(client.iotHubResource.get(before.group, before.hub), {
            statusCode: 404,
        });
    });

    it("replaces a resource group that moves", async () => {
        const before = await outputs();
        change({ location: "northeurope", hubName: undefined });
        const planned = await plan();
        assert.equal(planned.group, "replace");
        await up();
        const after = await outputs();
        assert.notEqual(after.group, before.group);
        const old = await armRequest(client, "GET", `/resourceGroups/${before.group}`);
        assert.equal(old.status, 404);
        assert.deepEqual(await plan(), {});
    });

    it("survives transient faults, and reports a permanent one in Azure's words", async () => {
        const { manage } = shared();
        const fault = { host: "management.azure.com", path: "/IotHubs/", status: 503 };
        await manage("POST", "/faults", { ...fault, count: 2 });
        change({ tags: { owner: "after faults" } });
        await up();
        const [{ hits }] = await manage<{ hits: number }[]>("GET", "/faults");
        assert.equal(hits, 2);
        await manage("DELETE", "/faults");
        change({ unknownType: true });
        await assert.rejects(up(), /StorageAccount is not in the emulator's azure-native stand-in/);
        change({ unknownType: false });
    });

    it("destroys everything, and the emulator is empty again", async () => {
        const { group } = await outputs();
        await pulumi("destroy", "--yes", "--skip-preview");
        const found = await armRequest(client, "GET", `/resourceGroups/${group}`);
        assert.equal(found.status, 404);
        const left = await hubs();
        const ours = left.filter((hub) => !hubsBefore.includes(hub));
        assert.deepEqual(ours, []);
    });
});
