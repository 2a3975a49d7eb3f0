import { strict as assert } from "assert";
import * as grpc from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { execFileSync } from "child_process";
import * as fs from "fs";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as path from "path";
import { folderWith, launchers, NodeHost, programInfo } from "../../test/support/nodeHost";

const { status } = grpc;
const manifest = (content: object): string => JSON.stringify(content);

describe("Node language host: what it reports about a program", function () {
    this.timeout(60_000);
    let bin: string;
    let host: NodeHost;
    const folders: string[] = [];
    const program = (files: Record<string, string>): string => {
        const folder = folderWith(files, false);
        folders.push(folder);
        return folder;
    };

    before(async () => {
        bin = launchers();
        host = await NodeHost.start(bin);
    });
    after(async () => {
        await host?.stop();
        [bin, ...folders].forEach((folder) => fs.rmSync(folder, { recursive: true }));
    });

    it("Handshake is answered", async () => {
        const request = new messages.LanguageHandshakeRequest();
        request.setEngineAddress("127.0.0.1:9");
        assert.ok(await host.call("handshake", request));
    });

    it("GetPluginInfo has the version of the SDK", async () => {
        const info = await host.call<PluginInfo>("getPluginInfo", new Empty());
        const sdk = JSON.parse(
            fs.readFileSync(require.resolve("@pulumi/pulumi/package.json"), "utf8"),
        ) as { version: string };
        assert.equal(info.getVersion(), sdk.version);
    });

    it("About names the node of PATH", async () => {
        const request = new messages.AboutRequest();
        request.setInfo(programInfo(program({})));
        const about = await host.call<messages.AboutResponse>("about", request);
        const version = execFileSync("node", ["--version"], { encoding: "utf8" }).trim();
        assert.equal(about.getVersion(), version);
        assert.equal(
            execFileSync(about.getExecutable(), ["--version"], { encoding: "utf8" }).trim(),
            version,
        );
    });

    const packages = {
        "package.json": manifest({ name: "it", dependencies: { "@pulumi/aws": "^6.0.0" } }),
        "node_modules/@pulumi/aws/package.json": manifest({
            name: "@pulumi/aws",
            version: "6.1.0",
            pulumi: { resource: true },
        }),
        "node_modules/other/package.json": manifest({ name: "other", version: "1.0.0" }),
        "node_modules/component/package.json": manifest({
            name: "component",
            version: "1.0.0",
            pulumi: { resource: false },
        }),
        "node_modules/other/node_modules/@pulumi/aws/package.json": manifest({
            name: "@pulumi/aws",
            version: "5.0.0",
            pulumi: { resource: true },
        }),
        "node_modules/@acme/thing/package.json": manifest({
            name: "@acme/thing",
            version: "v0.3.0",
            pulumi: { resource: true, name: "acme", server: "https://example.com/plugins" },
        }),
        "node_modules/@pulumi/netbox/package.json": manifest({
            name: "@pulumi/netbox",
            version: "3.9.0",
            pulumi: {
                resource: true,
                name: "terraform-provider",
                version: "0.10.0",
                parameterization: {
                    name: "netbox",
                    version: "3.9.0",
                    value: Buffer.from("parameters").toString("base64"),
                },
            },
        }),
        "node_modules/broken/package.json": "{",
    };

    async function required(folder: string): Promise<string[]> {
        const request = new messages.GetRequiredPackagesRequest();
        request.setInfo(programInfo(folder));
        const response = await host.call<messages.GetRequiredPackagesResponse>(
            "getRequiredPackages",
            request,
        );
        return response.getPackagesList().map((one) => {
            const parameters = one.getParameterization();
            return [
                `${one.getKind()} ${one.getName()} ${one.getVersion()}`,
                one.getServer(),
                parameters &&
                    `${parameters.getName()} ${parameters.getVersion()} ` +
                        Buffer.from(parameters.getValue_asU8()).toString(),
            ]
                .filter(Boolean)
                .join(" ");
        });
    }

    it("GetRequiredPackages finds nested packages, several versions and parameterised ones", async () => {
        assert.deepEqual((await required(program(packages))).sort(), [
            "resource acme 0.3.0 https://example.com/plugins",
            "resource aws 5.0.0",
            "resource aws 6.1.0",
            "resource terraform-provider 0.10.0 netbox 3.9.0 parameters",
        ]);
    });

    it("GetRequiredPackages looks into the root of a workspace, and no further", async () => {
        const folder = program({
            "node_modules/@pulumi/outside/package.json": manifest({
                name: "@pulumi/outside",
                version: "1.0.0",
                pulumi: { resource: true },
            }),
            "root/package.json": manifest({ workspaces: ["infra"] }),
            "root/node_modules/@pulumi/aws/package.json":
                packages["node_modules/@pulumi/aws/package.json"],
            "root/infra/package.json": manifest({ name: "infra" }),
        });
        assert.deepEqual(await required(path.join(folder, "root/infra")), ["resource aws 6.1.0"]);
    });

    it("GetRequiredPackages follows the links of pnpm once", async () => {
        const folder = program({
            "package.json": manifest({}),
            "node_modules/.pnpm/@pulumi+aws@6.1.0/node_modules/@pulumi/aws/package.json":
                packages["node_modules/@pulumi/aws/package.json"],
        });
        fs.mkdirSync(path.join(folder, "node_modules/@pulumi"));
        fs.symlinkSync(
            "../.pnpm/@pulumi+aws@6.1.0/node_modules/@pulumi/aws",
            path.join(folder, "node_modules/@pulumi/aws"),
        );
        assert.deepEqual(await required(folder), ["resource aws 6.1.0"]);
    });

    it("GetRequiredPlugins has the same without parameters", async () => {
        const request = new messages.GetRequiredPluginsRequest();
        request.setInfo(programInfo(program(packages)));
        const response = await host.call<messages.GetRequiredPluginsResponse>(
            "getRequiredPlugins",
            request,
        );
        assert.deepEqual(
            response
                .getPluginsList()
                .map((one) => `${one.getName()} ${one.getVersion()}`)
                .sort(),
            ["acme 0.3.0", "aws 5.0.0", "aws 6.1.0", "terraform-provider 0.10.0"],
        );
    });

    it("GetProgramDependencies has the direct ones as installed, and all of them", async () => {
        const dependencies = async (transitive: boolean): Promise<string[]> => {
            const request = new messages.GetProgramDependenciesRequest();
            request.setInfo(programInfo(program(packages)));
            request.setTransitivedependencies(transitive);
            const response = await host.call<messages.GetProgramDependenciesResponse>(
                "getProgramDependencies",
                request,
            );
            return response
                .getDependenciesList()
                .map((one) => `${one.getName()}@${one.getVersion()}`);
        };
        assert.deepEqual(await dependencies(false), ["@pulumi/aws@6.1.0"]);
        assert.deepEqual((await dependencies(true)).sort(), [
            "@acme/thing@v0.3.0",
            "@pulumi/aws@5.0.0",
            "@pulumi/aws@6.1.0",
            "@pulumi/netbox@3.9.0",
            "component@1.0.0",
            "other@1.0.0",
        ]);
    });

    it("RuntimeOptionsPrompts asks for the package manager unless it is chosen", async () => {
        const asked = async (options: Record<string, string>): Promise<string[]> => {
            const request = new messages.RuntimeOptionsRequest();
            request.setInfo(programInfo(program({}), options));
            const response = await host.call<messages.RuntimeOptionsResponse>(
                "runtimeOptionsPrompts",
                request,
            );
            return response.getPromptsList().map((prompt) => prompt.getKey());
        };
        assert.deepEqual(await asked({}), ["packagemanager"]);
        assert.deepEqual(await asked({ packagemanager: "npm" }), []);
        await assert.rejects(asked({ packagemanager: "brew" }), /packagemanager.*"brew".*takes/);
    });

    describe("GenerateProgram", () => {
        const generated = async (pcl: string): Promise<string> => {
            const request = new messages.GenerateProgramRequest();
            request.getSourceMap().set("anonymous.pp", pcl);
            const response = await host.call<messages.GenerateProgramResponse>(
                "generateProgram",
                request,
            );
            const files = response.getSourceMap().toArray() as [string, Uint8Array][];
            assert.deepEqual(
                files.map(([name]) => name),
                ["index.ts"],
            );
            return Buffer.from(files[0][1]).toString();
        };

        it("declares resources, providers and components with their options", async () => {
            const code = await generated(`
                package azuread {
                    baseProviderName = "azuread"
                }
                resource own-provider "pulumi:providers:azuread" { }
                resource an_app "azuread:index/application:Application" {
                    __logicalName = "an.app"
                    displayName = "a \\"b\\" $\${c} %%{d} \\u0007\\U0001f600"
                    owners = [own-provider.id, null]
                    web = { "redirect-uris" = [], implicit = { on = true, n = -1.5e+3 } }
                    options {
                        provider = own-provider
                        dependsOn = [delete]
                        protect = true
                    }
                }
                component delete {
                    token = "my:own:Kind"
                }`);
            assert.equal(
                code,
                `import * as pulumi from "@pulumi/pulumi";
import * as azuread from "@pulumi/azuread";

const own_provider = new azuread.Provider("own-provider");
const an_app = new azuread.Application("an.app", {
    displayName: "a \\"b\\" \${c} %{d} \\u0007😀",
    owners: [
        own_provider.id,
        null,
    ],
    web: {
        "redirect-uris": [],
        implicit: {
            on: true,
            n: -1500,
        },
    },
}, {
    provider: own_provider,
    dependsOn: [
        _delete,
    ],
    protect: true,
});
const _delete = new pulumi.ComponentResource("my:own:Kind", "delete");
`,
            );
        });

        it("prints where the program finds a secret, not the secret", async () => {
            const code = await generated(
                'resource app "azuread:index/x:X" { value = secret("hush") }',
            );
            assert.match(code, /pulumi config set --secret app-value$/m);
            assert.match(code, /value: config\.requireSecret\("app-value"\),/);
            assert.doesNotMatch(code, /hush/);
        });

        for (const [what, attribute, said] of [
            ["a template", 'a = "x\${y}"', "a template in the definition"],
            ["an asset", 'a = fileAsset("x")', "a call of fileAsset"],
            ["what HCL does not know", 'a = "\\x41"', "unexpected \\\\x in the definition"],
            ["an expression", "a = 1 + 2", "unexpected \\+ in the definition"],
        ] as const) {
            it(`${what} is an error, and no other code`, async () => {
                await assert.rejects(
                    generated(`resource app "azuread:index/x:X" { ${attribute} }`),
                    { code: status.UNIMPLEMENTED, details: new RegExp(`${said}.*in the state`) },
                );
            });
        }
    });

    for (const [method, name] of [
        ["template", "TemplateRequest"],
        ["generateProject", "GenerateProjectRequest"],
        ["generatePackage", "GeneratePackageRequest"],
        ["pack", "PackRequest"],
        ["link", "LinkRequest"],
    ] as const) {
        it(`${method} is said to be the official host's`, async () => {
            await assert.rejects(host.call(method, new messages[name]()), {
                code: status.UNIMPLEMENTED,
                details: /the official one has/,
            });
        });
    }

    describe("installation of the launchers", () => {
        const installer = path.resolve(__dirname, "../node-host/install.js");
        const install = (folder: string): string =>
            execFileSync(process.execPath, [installer, folder], { encoding: "utf8" });

        it("happens once, renews its own launchers, and leaves nothing beside them", () => {
            const folder = path.join(program({}), "it's bin");
            assert.match(install(folder), /nodejs: installed[^]*nodejs: installed/);
            assert.match(install(folder), /nodejs: already[^]*nodejs: already/);
            const file = path.join(folder, "pulumi-language-nodejs");
            fs.appendFileSync(file, "# older\n");
            assert.match(install(folder), /language-nodejs: installed/);
            assert.deepEqual(fs.readdirSync(folder).sort(), [
                "pulumi-language-nodejs",
                "pulumi-resource-pulumi-nodejs",
            ]);
            assert.ok((fs.statSync(file).mode & 0o111) !== 0, "executable");
        });

        it("leaves an official host unchanged", () => {
            const folder = program({ "pulumi-language-nodejs": "\x7fELF official" });
            assert.match(install(folder), /the official one, which is left/);
            assert.equal(
                fs.readFileSync(path.join(folder, "pulumi-language-nodejs"), "utf8"),
                "\x7fELF official",
            );
        });
    });
});
