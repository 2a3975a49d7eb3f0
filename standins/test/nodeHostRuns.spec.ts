import { strict as assert } from "assert";
import * as grpc from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import * as fs from "fs";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as path from "path";
import {
    eventually,
    folderWith,
    launchers,
    NodeHost,
    processesWith,
    programInfo,
} from "../../test/support/nodeHost";

/**
 * An SDK of the tests: what the host passes to `cmd/run` is seen here as it arrives. The real SDK
 * runs in `test/e2e/nodeHost.spec.ts`.
 */
const runner = `console.log(JSON.stringify({
    args: process.argv.slice(2), execArgv: process.execArgv, cwd: process.cwd(), env: process.env }));`;
const sdk = (kind: string, source: string): Record<string, string> => ({
    "package.json": "{}",
    "node_modules/@pulumi/pulumi/package.json": "{}",
    [`node_modules/@pulumi/pulumi/cmd/${kind}/index.js`]: source,
});

interface Seen {
    readonly args: string[];
    readonly execArgv: string[];
    readonly cwd: string;
    readonly env: Record<string, string>;
}

describe("Node language host: what it runs", function () {
    this.timeout(60_000);
    let bin: string;
    let host: NodeHost;
    const folders: string[] = [];
    const program = (files: Record<string, string>): string => {
        const folder = folderWith(files, false);
        folders.push(folder);
        return folder;
    };
    const request = (folder: string, options: Record<string, string | boolean> = {}) => {
        const run = new messages.RunRequest();
        run.setInfo(programInfo(folder, options));
        run.setPwd(folder);
        run.setProject("project");
        run.setStack("stack");
        run.setMonitorAddress("127.0.0.1:7");
        run.setParallel(16);
        return run;
    };
    const run = (message: messages.RunRequest): Promise<messages.RunResponse> =>
        host.call("run", message);

    before(() => {
        bin = launchers();
    });
    beforeEach(async () => {
        host = await NodeHost.start(bin);
    });
    afterEach(() => host.stop());
    after(() => [bin, ...folders].forEach((folder) => fs.rmSync(folder, { recursive: true })));

    it("Run passes the program, its settings and its secret keys", async () => {
        const folder = program(sdk("run", runner));
        const message = request(folder, {
            nodeargs: `--max-old-space-size=512 --title "a b"`,
            tsconfig: "tsconfig.pulumi.json",
        });
        message.setOrganization("org");
        message.setDryrun(true);
        message.setArgsList(["one", "--two"]);
        message.getConfigMap().set("project:password", "pässword");
        message.getConfigMap().set("project:plain", `{"a":1}`);
        message.setConfigsecretkeysList(["project:password"]);
        const response = await run(message);
        assert.deepEqual([response.getError(), response.getBail()], ["", false]);
        const seen = JSON.parse(host.output) as Seen;
        const [option, preloaded, ...given] = seen.execArgv;
        assert.deepEqual([option, path.basename(preloaded)], ["--require", "preload.js"]);
        assert.deepEqual(given, ["--max-old-space-size=512", "--title", "a b"]);
        assert.deepEqual(seen.args, [
            "--monitor=127.0.0.1:7",
            "--engine=127.0.0.1:9",
            "--organization=org",
            "--project=project",
            `--root-directory=${folder}`,
            "--stack=stack",
            `--pwd=${folder}`,
            "--parallel=16",
            "--dry-run",
            ".",
            "one",
            "--two",
        ]);
        assert.equal(seen.cwd, folder);
        assert.deepEqual(JSON.parse(seen.env.PULUMI_CONFIG), {
            "project:password": "pässword",
            "project:plain": `{"a":1}`,
        });
        assert.deepEqual(JSON.parse(seen.env.PULUMI_CONFIG_SECRET_KEYS), ["project:password"]);
        assert.equal(seen.env.PULUMI_NODEJS_TYPESCRIPT, "true");
        assert.equal(seen.env.PULUMI_NODEJS_TSCONFIG_PATH, "tsconfig.pulumi.json");
        assert.match(seen.env.no_grpc_proxy, /127\.0\.0\.1/);
    });

    type Files = Record<string, string>;
    const installed: Files = {
        "node_modules/@pulumi/pulumi/index.js": "",
        "node_modules/source-map-support/index.js": "exports.install = () => undefined;",
    };
    for (const [settings, isTranspiled, more] of [
        [`{"compilerOptions":{"module":"commonjs"},"ts-node":{"swc":true}}`, true, {}],
        [`{"compilerOptions":{"module":"CommonJS"},"ts-node":{"transpileOnly":true}}`, true, {}],
        [`{"compilerOptions":{"module":"commonjs"}}`, false, {}],
        [`{"compilerOptions":{"module":"nodenext"},"ts-node":{"swc":true}}`, false, {}],
        [
            `{"extends":"./a","compilerOptions":{"module":"commonjs"},"ts-node":{"swc":true}}`,
            false,
            {},
        ],
        [`{"compilerOptions":{"module":"commonjs"},"ts-node":{"swc":true,"esm":true}}`, false, {}],
        [`{"compilerOptions":{"module":"commonjs","paths":{}},"ts-node":{"swc":true}}`, false, {}],
        [`// none\n{"compilerOptions":{"module":"commonjs"},"ts-node":{"swc":true}}`, false, {}],
        [
            `{"compilerOptions":{"module":"commonjs"},"ts-node":{"swc":true}}`,
            false,
            { "package.json": `{"type":"module"}` },
        ],
    ] as [string, boolean, Files][]) {
        const who = isTranspiled ? "transpiled by the host" : "left to ts-node";
        const why = Object.keys(more).length > 0 ? ", an ES module" : "";
        it(`Run: ${settings.split("\n").join(" ")}${why}: ${who}`, async () => {
            const files = {
                "tsconfig.json": settings,
                ...installed,
                ...sdk("run", runner),
                ...more,
            };
            await run(request(program(files)));
            const { execArgv, env } = JSON.parse(host.output) as Seen;
            const preloaded = execArgv.map((word) => path.basename(word));
            assert.equal(preloaded.includes("typescript.js"), isTranspiled);
            assert.equal(env.PULUMI_NODEJS_TYPESCRIPT, String(!isTranspiled));
        });
    }

    it("Run distinguishes an error that was shown from one that was not", async () => {
        const outcome = async (source: string): Promise<[string, boolean]> => {
            const response = await run(request(program(sdk("run", source))));
            return [response.getError(), response.getBail()];
        };
        assert.deepEqual(await outcome("process.exit(32)"), ["", true]);
        assert.deepEqual(await outcome("process.exit(3)"), [
            "the program exited with code 3",
            false,
        ]);
        assert.deepEqual(await outcome("process.kill(process.pid, 'SIGKILL')"), [
            "the program was ended by SIGKILL",
            false,
        ]);
    });

    it("Run refuses what it cannot do with one sentence", async () => {
        await assert.rejects(run(request(program({ "package.json": "{}" }))), {
            code: grpc.status.FAILED_PRECONDITION,
            details: /Cannot find module '@pulumi\/pulumi\/cmd\/run' from .*: install/,
        });
        const folder = program(sdk("run", runner));
        await assert.rejects(run(request(folder, { typescript: "perhaps" })), {
            code: grpc.status.INVALID_ARGUMENT,
            details: /options\.typescript .*"perhaps".*takes true or false/,
        });
        const missing = request(folder);
        missing.setPwd(path.join(folder, "none"));
        await assert.rejects(run(missing), /none does not exist/);
        const large = request(folder);
        large.getConfigMap().set("project:large", "x".repeat(6_000_000));
        await assert.rejects(run(large), /config is 58\d\d KB, more than/);
    });

    it("Run passes the lines on as they come", async () => {
        const folder = program(
            sdk("run", `console.log("first"); setTimeout(() => console.log("second"), 3000);`),
        );
        const ended = run(request(folder));
        await eventually("the first line is there", () => host.output.includes("first"));
        assert.ok(!host.output.includes("second"));
        await ended;
        await eventually("the second line is there", () => host.output.includes("second"));
    });

    const sleeper = `
        const { spawn } = require("child_process");
        spawn("sh", ["-c", "trap '' INT TERM; sleep 1000 # " + process.cwd()], { stdio: "inherit" });
        console.log("running");
        setInterval(() => undefined, 1000);`;

    async function running(): Promise<{ folder: string; ended: Promise<unknown> }> {
        const folder = program(sdk("run", sleeper));
        const ended = run(request(folder)).catch((error: unknown) => error);
        await eventually("the program runs", () => host.output.includes("running"));
        assert.notDeepEqual(processesWith(folder), []);
        return { folder, ended };
    }

    it("Cancel ends a program, and the next one runs", async () => {
        const { folder, ended } = await running();
        await host.call("cancel", new Empty());
        assert.equal(((await ended) as grpc.ServiceError).code, grpc.status.CANCELLED);
        assert.deepEqual(processesWith(`--pwd=${folder}`), []);
        const next = await run(request(program(sdk("run", runner))));
        assert.equal(next.getError(), "");
    });

    it("a call that the engine cancels ends its program", async () => {
        const folder = program(sdk("run", sleeper));
        const call = host.client.run(request(folder), () => undefined);
        await eventually("the program runs", () => host.output.includes("running"));
        call.cancel();
        await eventually("no program", () => processesWith(`--pwd=${folder}`).length === 0);
    });

    for (const [how, end] of [
        ["SIGINT to the group", (pid: number) => process.kill(-pid, "SIGINT")],
        ["SIGTERM to the host", (pid: number) => process.kill(pid, "SIGTERM")],
        ["the engine gone", () => host.process.stdin?.destroy()],
    ] as const) {
        it(`${how}: no process is left, not even a stubborn one of the program`, async () => {
            const { folder } = await running();
            end(host.process.pid as number);
            await eventually("nothing is left", () => processesWith(folder).length === 0, 5);
            await eventually("the host has ended", () => host.process.signalCode !== null);
        });
    }

    interface Streamed {
        readonly stdout: string;
        readonly stderr: string;
        readonly codes: number[];
    }

    function stream(call: NodeJS.EventEmitter): Promise<Streamed> {
        const seen = { stdout: "", stderr: "", codes: [] as number[] };
        call.on("data", (message: messages.RunPluginResponse) => {
            seen.stdout += Buffer.from(message.getStdout_asU8()).toString();
            seen.stderr += Buffer.from(message.getStderr_asU8()).toString();
            if (message instanceof messages.RunPluginResponse && message.hasExitcode()) {
                seen.codes.push(message.getExitcode());
            }
        });
        return new Promise((resolve, reject) => {
            call.on("end", () => resolve(seen));
            call.on("error", reject);
        });
    }

    const plugin = (folder: string, kind: string): messages.RunPluginRequest => {
        const message = new messages.RunPluginRequest();
        message.setInfo(programInfo(folder));
        message.setPwd("/");
        message.setKind(kind);
        message.setArgsList(["--logtostderr", "127.0.0.1:5"]);
        message.setEnvList([`PATH=${process.env.PATH}`, "ONE=a=b"]);
        return message;
    };

    it("RunPlugin runs a policy pack in its folder and returns its exit code", async () => {
        const folder = program(
            sdk("run-policy-pack", `${runner} console.error("oh"); process.exitCode = 7;`),
        );
        const { stdout, stderr, codes } = await stream(
            host.client.runPlugin(plugin(folder, "analyzer")),
        );
        const seen = JSON.parse(stdout) as Seen;
        assert.deepEqual(seen.args, ["127.0.0.1:5", folder]);
        assert.equal(seen.cwd, folder);
        assert.equal(seen.env.ONE, "a=b");
        assert.equal(seen.env.HOME, undefined);
        assert.equal(stderr, "oh\n");
        assert.deepEqual(codes, [7]);
    });

    it("RunPlugin: a policy pack is type-checked unless its tsconfig.json asks for transpiling only", async () => {
        const main = "node_modules/@pulumi/pulumi/cmd/run-policy-pack/run.js";
        const registering = `
            const { tsnodeRequire, typescriptRequire } = require("../../tsutils").typeScriptRequireStrings();
            require(tsnodeRequire).register({ typeCheck: true });
            console.log(require(typescriptRequire).version, require(process.argv[3] + "/pack.ts").one);`;
        const pack = (settings: string): string =>
            program({
                ...installed,
                ...sdk("run-policy-pack", `require("./run");`),
                [main]: registering,
                "node_modules/@pulumi/pulumi/tsutils.js": `exports.typeScriptRequireStrings = () =>
                    ({ tsnodeRequire: "ts-node", typescriptRequire: "typescript" });`,
                "node_modules/ts-node/index.js": `exports.register = () => { throw new Error("checks types"); };`,
                "pack.ts": `export const one: string = 1;`,
                "tsconfig.json": settings,
            });
        const run = (settings: string) =>
            stream(host.client.runPlugin(plugin(pack(settings), "analyzer")));
        const commonJs = `"compilerOptions": { "module": "commonjs" }`;
        const asked = await run(`{ ${commonJs}, "ts-node": { "transpileOnly": true } }`);
        assert.match(asked.stdout, /^5\.\d+\.\d+ 1\n$/, asked.stderr);
        assert.match((await run(`{ ${commonJs} }`)).stderr, /checks types/);
    });

    it("RunPlugin runs a plugin in the folder of the program that uses it", async () => {
        const folder = program(sdk("run-plugin", runner));
        const { stdout, codes } = await stream(host.client.runPlugin(plugin(folder, "resource")));
        const seen = JSON.parse(stdout) as Seen;
        assert.deepEqual(seen.args, [folder, "--logtostderr", "127.0.0.1:5"]);
        assert.equal(seen.cwd, "/");
        assert.deepEqual(codes, [0]);
    });

    it("RunPlugin ends the plugin with the call", async () => {
        const folder = program(sdk("run-plugin", sleeper));
        const call = host.client.runPlugin(plugin(folder, "resource"));
        call.on("error", () => undefined);
        await new Promise((resolve) => call.once("data", resolve));
        call.cancel();
        const mark = `run-plugin/index.js ${folder}`;
        await eventually("no plugin", () => processesWith(mark).length === 0);
    });

    const installing = (folder: string, options: Record<string, string> = {}) => {
        const message = new messages.InstallDependenciesRequest();
        message.setInfo(programInfo(folder, options));
        return message;
    };

    it("InstallDependencies runs npm and shows what it says", async () => {
        const folder = program({
            "package.json": JSON.stringify({
                dependencies: { local: "file:./local" },
                scripts: { postinstall: "echo from-postinstall" },
            }),
            "local/package.json": JSON.stringify({ name: "local", version: "1.0.0" }),
        });
        const { stdout } = await stream(host.client.installDependencies(installing(folder)));
        assert.match(stdout, /^npm install[^]*from-postinstall/);
        assert.ok(fs.existsSync(path.join(folder, "node_modules/local/package.json")));
    });

    it("InstallDependencies fails with the package manager, by name", async () => {
        const failing = program({
            "package.json": JSON.stringify({ scripts: { postinstall: "exit 9" } }),
        });
        await assert.rejects(stream(host.client.installDependencies(installing(failing))), {
            details: /^npm install in .* exited with code 9$/,
        });
        const versions = installing(program({ "package.json": "{}", ".nvmrc": "v4.1\n" }));
        versions.setUseLanguageVersionTools(true);
        await assert.rejects(stream(host.client.installDependencies(versions)), {
            details: /\.nvmrc asks for Node 4\.1 and this is /,
        });
    });
});
