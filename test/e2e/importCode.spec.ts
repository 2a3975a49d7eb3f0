import { strict as assert } from "assert";
import { execFileSync, spawnSync } from "child_process";
import { mkdirSync, rmSync, writeFileSync } from "fs";
import * as path from "path";
import { armRequest, dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { folderWith, launchers } from "../support/nodeHost";
import { makeCa } from "../support/pki";
import { requirePulumi } from "../support/tools";

const group = "rg-import-code";
const hub = "import-code-1";
const tag = 'a "quoted" ${value}\n\\ and %{ more}, ä€😀';
const repository = path.resolve(__dirname, "../..");

describe("pulumi import prints code with this project's Node language host", function () {
    this.timeout(300_000);
    const arm = iotHubClient();
    let cli: string;
    let bin: string;
    let folder: string;
    let environment: NodeJS.ProcessEnv;

    before(async function () {
        const toolchain = requirePulumi(this);
        ({ cli } = toolchain);
        bin = launchers();
        folder = folderWith({
            "Pulumi.yaml": "name: import\nruntime: nodejs\n",
            "package.json": '{"name":"import","main":"index.ts"}',
            "tsconfig.json": JSON.stringify({
                compilerOptions: {
                    strict: true,
                    noEmit: true,
                    skipLibCheck: true,
                    target: "es2022",
                    module: "commonjs",
                    moduleResolution: "node",
                    baseUrl: ".",
                    // The whole package takes a minute to check.
                    paths: { "@pulumi/azure-native": ["./part"] },
                },
                files: ["index.ts"],
            }),
            "part.d.ts":
                'export * as iothub from "@pulumi/azure-native/iothub";\n' +
                'export * as resources from "@pulumi/azure-native/resources";\n',
            "index.ts": "export {};\n",
        });
        mkdirSync(path.join(folder, "state"));
        environment = {
            ...process.env,
            // Ours first: it is judged whichever host the machine has.
            PATH: `${bin}${path.delimiter}${path.dirname(cli)}${path.delimiter}${process.env.PATH}`,
            PULUMI_HOME: toolchain.pulumiHome,
            PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
        };
        await makeHub(arm, group, hub);
        await armRequest(arm, "PATCH", `/resourceGroups/${group}`, { tags: { "a-b": tag } });
        const { certificate } = await makeCa({ commonName: "imported" });
        await arm.certificates.createOrUpdate(group, hub, "ca", {
            properties: { certificate: Buffer.from(certificate).toString("base64") },
        });
        await pulumi("stack", "init", "dev");
    });

    after(async () => {
        [bin, folder].forEach((one) => one && rmSync(one, { recursive: true, force: true }));
        await dropGroup(arm, group);
    });

    function pulumi(...args: string[]): Promise<string> {
        const { status, stdout, stderr } = spawnSync(
            cli,
            [...args, "--non-interactive", "--color", "never"],
            { cwd: folder, env: environment, encoding: "utf8" },
        );
        return status === 0
            ? Promise.resolve(stdout)
            : Promise.reject(new Error(`pulumi ${args.join(" ")}: ${stdout}\n${stderr}`));
    }

    it("that compiles against the official typings, and shows no change when it runs", async () => {
        const below = `/subscriptions/${arm.subscriptionId}/resourceGroups/${group}`;
        const hubId = `${below}/providers/Microsoft.Devices/IotHubs/${hub}`;
        const resources = [
            { type: "azure-native:resources:ResourceGroup", name: "class", id: below },
            { type: "azure-native:iothub:IotHubResource", name: "the-hub", id: hubId },
            {
                type: "azure-native:iothub:Certificate",
                name: "1-ca",
                id: `${hubId}/certificates/ca`,
            },
        ];
        writeFileSync(path.join(folder, "import.json"), JSON.stringify({ resources }));
        const said = await pulumi("import", "--file", "import.json", "--yes");
        const code = said.slice(said.indexOf("import * as pulumi"));
        assert.match(
            code,
            /^const _class = new azure_native\.resources\.ResourceGroup\("class", \{$/m,
        );
        assert.match(
            code,
            /^const the_hub = new azure_native\.iothub\.IotHubResource\("the-hub", \{$/m,
        );
        assert.match(code, /resourceGroupName: _class\.name/);
        assert.match(code, /protect: true/);

        writeFileSync(path.join(folder, "index.ts"), code);
        const tsc = path.join(repository, "node_modules/typescript/bin/tsc");
        execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
        const { changeSummary } = JSON.parse(await pulumi("preview", "--json")) as {
            changeSummary: Record<string, number>;
        };
        assert.deepEqual(changeSummary, { same: 4 }, "the stack and what was imported");
    });
});
