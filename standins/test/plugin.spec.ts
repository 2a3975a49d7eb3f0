import { strict as assert } from "assert";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { ConfigureRequest } from "@pulumi/pulumi/proto/provider_pb";
import { ChildProcess, execFile, spawn } from "child_process";
import {
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "fs";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { tmpdir } from "os";
import { join, resolve } from "path";
import { createInterface } from "readline";
import { promisify } from "util";

const installer = resolve(__dirname, "../install.js");
const run = promisify(execFile);

interface Outcome {
    readonly code: number;
    readonly text: string;
}

async function install(...args: string[]): Promise<Outcome> {
    try {
        const { stdout } = await run(process.execPath, [installer, ...args]);
        return { code: 0, text: stdout };
    } catch (error) {
        const { code, stderr } = error as { code: number; stderr: string };
        return { code, text: stderr };
    }
}

describe("azure-native stand-in: installation and start", () => {
    let home: string;
    let binary: string;
    beforeEach(() => {
        home = mkdtempSync(join(tmpdir(), "pulumi-home-"));
        const version = (
            JSON.parse(
                readFileSync(require.resolve("@pulumi/azure-native/package.json"), "utf8"),
            ) as { version: string }
        ).version;
        const folder = `resource-azure-native-v${version}`;
        binary = join(home, "plugins", folder, "pulumi-resource-azure-native");
    });
    afterEach(() => rmSync(home, { recursive: true }));

    it("creates the plugin's folder once, and leaves nothing beside it", async () => {
        const first = await install(home, "azure-native");
        assert.match(first.text, /installed in/);
        assert.ok((statSync(binary).mode & 0o111) !== 0, "executable");
        const { mtimeMs } = statSync(binary);
        const second = await install(home, "azure-native");
        assert.match(second.text, /already in/);
        assert.equal(statSync(binary).mtimeMs, mtimeMs);
        assert.equal(readdirSync(join(home, "plugins")).length, 1);
    });

    it("survives two simultaneous installations and renews an older launcher", async () => {
        const both = await Promise.all([
            install(home, "azure-native"),
            install(home, "azure-native"),
        ]);
        assert.deepEqual(
            both.map(({ code }) => code),
            [0, 0],
        );
        writeFileSync(binary, readFileSync(binary, "utf8").replace("exec", "exec  "));
        assert.match((await install(home, "azure-native")).text, /installed in/);
        assert.doesNotMatch(readFileSync(binary, "utf8"), /exec {2}/);
        assert.equal(readdirSync(join(home, "plugins")).length, 1);
    });

    it("keeps an official plugin and says so", async () => {
        mkdirSync(resolve(binary, ".."), { recursive: true });
        writeFileSync(binary, Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
        const { code, text } = await install(home, "azure-native");
        assert.equal(code, 1);
        assert.match(text, /holds the official azure-native plugin, which is left as it is/);
        assert.equal(readFileSync(binary).length, 4);
        assert.equal((await install(home)).code, 2);
    });

    describe("the launched plugin", () => {
        let child: ChildProcess;
        let client: ResourceProviderClient;
        const logged: string[] = [];
        const engine = new grpc.Server();
        let engineAddress: string;

        before((done) => {
            engine.addService(EngineService, {
                log: (
                    call: grpc.ServerUnaryCall<LogRequest, Empty>,
                    callback: grpc.sendUnaryData<Empty>,
                ) => {
                    logged.push(call.request.getMessage());
                    callback(null, new Empty());
                },
            });
            const insecure = grpc.ServerCredentials.createInsecure();
            engine.bindAsync("127.0.0.1:0", insecure, (error, port) => {
                engineAddress = `127.0.0.1:${port}`;
                done(error);
            });
        });
        after(() => engine.forceShutdown());

        async function start(environment: Record<string, string>): Promise<void> {
            await install(home, "azure-native", "tls");
            const inherited = Object.entries(process.env).filter(
                ([name]) => !/^(ARM|AZURE)_|PROXY$|^NODE_OPTIONS$/i.test(name),
            );
            // Elsewhere than in the repository: the engine starts it in the program's folder.
            child = spawn(binary, [engineAddress], {
                cwd: home,
                env: { ...Object.fromEntries(inherited), PULUMI_HOME: home, ...environment },
                stdio: ["pipe", "pipe", "inherit"],
            });
            const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
            const port = await new Promise<string>((found) => lines.once("line", found));
            assert.match(port, /^\d+$/);
            client = new ResourceProviderClient(
                `127.0.0.1:${port}`,
                grpc.credentials.createInsecure(),
            );
        }
        afterEach(() => {
            client.close();
            child.kill();
            logged.length = 0;
        });

        const configure = (settings: Record<string, string> = {}): Promise<void> => {
            const request = new ConfigureRequest();
            for (const [name, value] of Object.entries(settings)) {
                request.getVariablesMap().set(`azure-native:config:${name}`, value);
            }
            return new Promise((done, fail) => {
                client.configure(request, (error) => (error === null ? done() : fail(error)));
            });
        };

        it("answers with the official version, and refuses to work without the emulator's proxy", async () => {
            await start({ ARM_CLIENT_SECRET: "do-not-print" });
            const info = await new Promise<PluginInfo>((found, fail) => {
                client.getPluginInfo(new Empty(), (error, answer) =>
                    error === null ? found(answer) : fail(error),
                );
            });
            assert.ok(binary.includes(`-v${info.getVersion()}/`));
            await assert.rejects(configure(), (error: Error) => {
                assert.match(
                    error.message,
                    /HTTPS_PROXY is not set.*To deploy to Azure, use the official plugin/,
                );
                assert.doesNotMatch(error.message, /do-not-print/);
                return true;
            });
            assert.deepEqual(logged, []);
        });

        it("ends with the engine, when its standard input closes", async () => {
            await start({});
            const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
            child.stdin?.destroy();
            assert.equal(await ended, 0);
        });

        it("refuses a remote proxy and a host that bypasses the proxy", async () => {
            await start({ HTTPS_PROXY: "http://proxy.example.com:3128" });
            await assert.rejects(configure(), /HTTPS_PROXY is not a loopback address/);
            client.close();
            child.kill();
            await start({ HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "localhost,.azure.com" });
            await assert.rejects(
                configure(),
                /NO_PROXY 'azure.com' bypasses the emulator for management.azure.com/,
            );
        });

        it("names the running stand-ins in one line once it is ready", async () => {
            const principal = { tenantId: "t", clientId: "c", subscriptionId: "s" };
            await start({ https_proxy: "http://localhost:1" });
            await assert.rejects(
                configure({ environment: "nowhere" }),
                /'nowhere' is not one of public, usgovernment, china/,
            );
            await assert.rejects(
                configure({ clientSecret: "x", tenantId: "t" }),
                /A Subscription ID must be configured when authenticating as a Service Principal using a Client Secret/,
            );
            await assert.rejects(
                configure({ ...principal, useOidc: "true" }),
                /A OIDC token or request URL and token must be configured/,
            );
            await configure({ ...principal, clientSecret: "x" });
            assert.deepEqual(logged, [
                "azure-native 3.28.0 and tls 5.5.1: the emulator's stand-ins run, not the official plugins.",
            ]);
            rmSync(join(home, "plugins", "resource-tls-v5.5.1"), { recursive: true });
            await configure({ ...principal, clientSecret: "x" });
            assert.equal(
                logged[1],
                "azure-native 3.28.0: the emulator's stand-in runs, not the official plugin.",
            );
        });
    });
});
