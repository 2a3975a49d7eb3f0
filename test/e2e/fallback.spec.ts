import * as assert from "assert";
import { spawnSync } from "child_process";
import { X509Certificate } from "crypto";
import { InProcessStack } from "../../scripts/fallback/inProcess";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { StackOutputs } from "../support/deployment";
import { verifyClientChain } from "../support/deviceFiles";
import { armRequest, dropGroup, iotHubClient } from "../support/iotHubClient";
import { connects } from "../support/liveDevice";

describe("without the Pulumi CLI", function () {
    this.timeout(300_000);

    describe("the program", () => {
        const resourceGroupName = "fallback";
        const arm = iotHubClient();
        let project: ProjectCopy;
        let stack: InProcessStack;
        let outputs: StackOutputs;
        let made: number;

        before(async () => {
            project = ProjectCopy.make({ environment: process.env, pulumiHome: "" });
            project.changeSettings("fallback", (config) => {
                config["iot-x509:resourceGroupName"] = resourceGroupName;
                config["iot-x509:pki"] = { trust: "root", keyAlgorithm: "RSA-2048" };
            });
            stack = new InProcessStack(project.folder, "fallback", process.env);
            const answer = await stack.up();
            outputs = answer.outputs as unknown as StackOutputs;
            made = answer.count;
        });

        after(async () => {
            stack?.stop();
            project?.remove();
            await dropGroup(arm, resourceGroupName);
        });

        const authority = async () => {
            const { value = [] } = await arm.certificates.listByIotHub(
                resourceGroupName,
                outputs.hub.name,
            );
            assert.strictEqual(value.length, 1);
            return value[0].properties;
        };

        it("creates a hub without shared keys, and proves its CA", async () => {
            const hub = await arm.iotHubResource.get(resourceGroupName, outputs.hub.name);
            assert.strictEqual(hub.properties?.hostName, outputs.hub.hostName);
            assert.strictEqual(hub.properties?.disableLocalAuth, true);
            assert.strictEqual((await authority())?.isVerified, true);
        });

        it("issues chains that OpenSSL accepts, with the CAs' constraints", async () => {
            const text = Buffer.from((await authority())?.certificate ?? "", "base64");
            const root = new X509Certificate(text).toString();
            for (const id of ["pump-01", "pump-02", "sensor-01", "sensor-02"]) {
                verifyClientChain(root, outputs.devices[id].chain);
            }
        });

        it("creates devices that connect with their certificates", async () => {
            await connects(outputs.devices["pump-02"]);
            await connects(outputs.devices["sensor-01"]);
        });

        it("deletes everything that it created", async () => {
            assert.strictEqual((await stack.destroy()).count, made);
            const path = `/resourceGroups/${resourceGroupName}`;
            assert.strictEqual((await armRequest(arm, "GET", path)).status, 404);
        });
    });

    it("creates the identity of CI in Entra ID, and deletes it", async () => {
        const resourceGroupName = "fallback-ci";
        const project = ProjectCopy.make({ environment: process.env, pulumiHome: "" });
        project.changeSettings("ci", (config) => {
            config["iot-x509:resourceGroupName"] = resourceGroupName;
            config["iot-x509:ci"] = {
                repository: "contoso/iot-x509",
                subjects: ["ref:refs/heads/main"],
            };
        });
        const stack = new InProcessStack(project.folder, "ci", process.env);
        try {
            const { outputs, count } = await stack.up();
            assert.match(String(outputs.ciClientId), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
            assert.strictEqual((await stack.destroy()).count, count);
        } finally {
            stack.stop();
            project.remove();
            await dropGroup(iotHubClient(), resourceGroupName);
        }
    });

    it("the demo shows what it can, and names and counts what it skips", () => {
        const script =
            'require("./scripts/demo/demoFallback").demoWithoutCli()' +
            ".catch((error) => { console.error(error); process.exit(1); })";
        const { status, stdout, stderr } = spawnSync(
            process.execPath,
            ["-r", "ts-node/register/transpile-only", "-e", script],
            { encoding: "utf8" },
        );
        assert.strictEqual(status, 0, stdout + stderr);
        assert.match(stdout, /NO PULUMI CLI/);
        assert.match(stdout, /✓ 2 of 2 CAs on \S+ are verified/);
        for (const id of ["pump-01", "pump-02", "sensor-01", "gateway-01"]) {
            assert.match(stdout, new RegExp(`✓ ${id} connected; .* auth type x509`));
        }
        assert.match(stdout, /✓ An intruder with a look-alike CA was refused: \w+/);
        assert.match(stdout, /✓ .* resources deleted: the emulator is empty/);
        assert.match(stdout, /- skipped: The fleet grows by one device/);
        assert.match(stdout, /- skipped: A device finds its hub/);
        assert.match(stdout, /- skipped: A device renews its certificate/);
        assert.match(stdout, /- skipped: Another preview/);
        assert.match(stdout, /\n6 steps done, 4 skipped\n$/);
    });
});
