import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { EnvironmentCredential } from "@azure/identity";
import { strict as assert } from "assert";
import { execFile } from "child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { shared } from "../support/emulator";
import { Engine, requirePulumi } from "../support/tools";

/** A hub and a provisioning service linked to it; a test changes the settings. */
const program = `
const pulumi = require("@pulumi/pulumi");
const settings = require("./settings.json");
const { ResourceGroup } = require("@pulumi/azure-native/resources");
const iothub = require("@pulumi/azure-native/iothub");
const { IotDpsResource } = require("@pulumi/azure-native/deviceprovisioningservices");

const group = new ResourceGroup("group", { location: "westeurope" });
const hub = new iothub.IotHubResource("hub", {
    resourceGroupName: group.name,
    sku: { name: "S1", capacity: 1 },
});
const key = iothub.listIotHubResourceKeysForKeyNameOutput({
    resourceGroupName: group.name,
    resourceName: hub.name,
    keyName: "iothubowner",
});
const dps = new IotDpsResource("dps", {
    resourceGroupName: group.name,
    sku: { name: "S1", capacity: 1 },
    properties: {
        allocationPolicy: settings.allocationPolicy,
        iotHubs: [
            {
                connectionString: pulumi.secret(pulumi.interpolate\`HostName=\${hub.properties.hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=\${key.primaryKey}\`),
                location: "westeurope",
            },
        ],
    },
});
module.exports = { group: group.name, dps: dps.name, idScope: dps.properties.idScope };
`;

describe("The azure-native stand-in: a provisioning service", function () {
    this.timeout(180_000);
    let toolchain: Engine;
    let folder: string;

    before(async function () {
        toolchain = requirePulumi(this);
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-standin-dps-"));
        mkdirSync(path.join(folder, "state"));
        writeFileSync(path.join(folder, "Pulumi.yaml"), "name: dps\nruntime: nodejs\n");
        writeFileSync(path.join(folder, "package.json"), '{"name":"dps","main":"index.js"}');
        writeFileSync(path.join(folder, "index.js"), program);
        symlinkSync(
            path.resolve(__dirname, "../../node_modules"),
            path.join(folder, "node_modules"),
        );
        set("Hashed");
        await pulumi("stack", "init", "dev");
    });

    after(() => {
        if (folder !== undefined) {
            rmSync(folder, { recursive: true, force: true });
        }
    });

    function set(allocationPolicy: string): void {
        writeFileSync(path.join(folder, "settings.json"), JSON.stringify({ allocationPolicy }));
    }

    async function pulumi(...args: string[]): Promise<string> {
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
            return (await promisify(execFile)(toolchain.cli, all, { cwd: folder, env })).stdout;
        } catch (error) {
            const { stdout, stderr } = error as { stdout: string; stderr: string };
            throw new Error(`pulumi ${args.join(" ")}:\n${stdout}\n${stderr}`);
        }
    }

    it("is created and linked, previews as unchanged, is updated in place and destroyed", async () => {
        await pulumi("up", "--yes", "--skip-preview");
        const outputs = JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets")) as {
            group: string;
            dps: string;
            idScope: string;
        };
        const client = new IotDpsClient(new EnvironmentCredential(), shared().subscriptionId);
        const made = await client.iotDpsResource.get(outputs.dps, outputs.group);
        assert.equal(made.properties.idScope, outputs.idScope);
        assert.equal(made.properties.iotHubs?.length, 1);
        await pulumi("preview", "--expect-no-changes");

        set("GeoLatency");
        await pulumi("up", "--yes", "--skip-preview");
        const updated = await client.iotDpsResource.get(outputs.dps, outputs.group);
        assert.equal(updated.properties.allocationPolicy, "GeoLatency");
        assert.equal(updated.properties.idScope, outputs.idScope);
        const state = readFileSync(path.join(folder, "state/.pulumi/stacks/dps/dev.json"), "utf8");
        assert.ok(
            !/SharedAccessKey=[A-Za-z0-9+/]{43}=/.test(state),
            "the hub's key is in no state",
        );

        await pulumi("destroy", "--yes", "--skip-preview");
        await assert.rejects(client.iotDpsResource.get(outputs.dps, outputs.group), {
            statusCode: 404,
        });
    });
});
