import { strict as assert } from "assert";
import { ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { eventually, folderWith, launchers, processesWith } from "../support/nodeHost";
import { requirePulumi } from "../support/tools";

interface EngineEvent {
    readonly diagnosticEvent?: { severity: string; message: string };
    readonly stdoutEvent?: { message: string };
    readonly summaryEvent?: { resourceChanges: Record<string, number> };
    readonly policyEvent?: { policyName: string; enforcementLevel: string };
}

interface Outcome {
    readonly code: number | null;
    readonly output: string;
    readonly events: EngineEvent[];
}

const settings = {
    "Pulumi.yaml": "name: it\nruntime: nodejs\n",
    "package.json": JSON.stringify({ name: "it", version: "1.0.0", main: "index.js" }),
};

describe("Node language host under the real engine", function () {
    this.timeout(300_000);
    let cli: string;
    let bin: string;
    let home: string;
    const folders: string[] = [];
    const folder = (files: Record<string, string>, installed = true): string => {
        const made = folderWith(files, installed);
        folders.push(made);
        return made;
    };
    const program = (source: string): string => folder({ ...settings, "index.js": source });

    before(function () {
        ({ cli } = requirePulumi(this));
        bin = launchers();
        home = folder({}, false);
    });
    after(() => [bin, ...folders].forEach((one) => one && fs.rmSync(one, { recursive: true })));

    function start(cwd: string, args: string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
        return spawn(cli, [...args, "--color", "never", "--non-interactive"], {
            cwd,
            stdio: ["ignore", "pipe", "pipe"],
            env: {
                ...process.env,
                // Ours first: it is judged whichever host the machine has.
                PATH: `${bin}${path.delimiter}${process.env.PATH}`,
                PULUMI_HOME: home,
                PULUMI_BACKEND_URL: `file://${cwd}`,
                PULUMI_CONFIG_PASSPHRASE: "nodeHost.spec",
                PULUMI_SKIP_UPDATE_CHECK: "true",
                PULUMI_DEBUG_COMMANDS: "true", // for --event-log
                ...environment,
            },
        });
    }

    function outcome(child: ChildProcess, eventLog?: string): Promise<Outcome> {
        let output = "";
        const keep = (chunk: unknown): void => void (output += String(chunk));
        child.stdout?.on("data", keep);
        child.stderr?.on("data", keep);
        return new Promise((resolve) =>
            child.once("close", (code) => {
                const log = eventLog !== undefined && fs.existsSync(eventLog);
                const lines = log ? fs.readFileSync(eventLog, "utf8") : "";
                const events = lines.split("\n").filter((line) => line !== "");
                resolve({ code, output, events: events.map((e) => JSON.parse(e) as EngineEvent) });
            }),
        );
    }

    async function pulumi(
        cwd: string,
        args: string[],
        environment?: NodeJS.ProcessEnv,
    ): Promise<Outcome> {
        const result = await outcome(start(cwd, args, environment));
        assert.equal(result.code, 0, result.output);
        return result;
    }

    /** `up` or `preview`, with the engine's events. */
    function deploy(
        cwd: string,
        command: "up" | "preview",
        more: string[] = [],
        environment?: NodeJS.ProcessEnv,
    ): Promise<Outcome> {
        const log = path.join(cwd, `events-${command}.json`);
        fs.rmSync(log, { force: true });
        const args = command === "up" ? ["up", "--yes", "--skip-preview"] : ["preview"];
        return outcome(start(cwd, [...args, "--event-log", log, ...more], environment), log);
    }

    const errors = ({ events }: Outcome): string[] =>
        events
            .map(({ diagnosticEvent }) => diagnosticEvent)
            .filter((event) => event?.severity === "error")
            .map((event) => event?.message ?? "");

    const init = (cwd: string, name = "dev"): Promise<Outcome> =>
        pulumi(cwd, ["stack", "init", name]);

    const dynamic = (create: string): string => `
        const pulumi = require("@pulumi/pulumi");
        class Made extends pulumi.dynamic.Resource {
            constructor(name, inputs) {
                super({ async create(inputs) { ${create}; return { id: "made", outs: inputs }; } },
                    name, inputs);
            }
        }`;

    for (const [title, source, message] of [
        ["a program that throws", `throw new Error("boom");`, /boom/],
        ["an unhandled rejection", `Promise.reject(new Error("boom"));`, /boom/],
        ["a program that exits", `process.exit(3);`, /the program exited with code 3/],
        ["a program that is killed", `process.kill(process.pid, "SIGKILL");`, /ended by SIGKILL/],
    ] as const) {
        it(`${title} gives one error, after its output`, async () => {
            const cwd = program(`console.log("before"); require("@pulumi/pulumi"); ${source}`);
            await init(cwd);
            const result = await deploy(cwd, "up");
            assert.notEqual(result.code, 0);
            assert.equal(errors(result).length, 1, result.output);
            assert.match(errors(result)[0], message);
            assert.match(result.output, /before/);
        });
    }

    it("TypeScript that is only transpiled keeps its lines in errors", async () => {
        const cwd = program("");
        fs.rmSync(path.join(cwd, "index.js"));
        fs.writeFileSync(
            path.join(cwd, "tsconfig.json"),
            `{"compilerOptions":{"module":"commonjs","target":"es2020"},"ts-node":{"swc":true}}`,
        );
        const lines = ["interface Gone {", "    a: 1;", "}", "export const one: Gone = { a: 1 };"];
        const thrown = `throw new Error("boom");`;
        fs.writeFileSync(path.join(cwd, "index.ts"), [...lines, "", thrown, ""].join("\n"));
        await init(cwd);
        const result = await deploy(cwd, "preview");
        assert.notEqual(result.code, 0);
        assert.match(errors(result).join(), /boom[^]*index\.ts:6:7/);
    });

    it("a secret of the config stays secret in output and state", async () => {
        const cwd = program(`
            const pulumi = require("@pulumi/pulumi");
            const config = new pulumi.Config();
            exports.secret = config.requireSecret("password");
            exports.read = config.get("password") === "correct horse";`);
        await init(cwd);
        await pulumi(cwd, ["config", "set", "--secret", "password", "correct horse"]);
        const result = await deploy(cwd, "up");
        assert.equal(result.code, 0, result.output);
        assert.doesNotMatch(result.output + JSON.stringify(result.events), /correct horse/);
        const { output } = await pulumi(cwd, ["stack", "export"]);
        assert.doesNotMatch(output, /correct horse/);
        assert.match(await pulumi(cwd, ["stack", "output", "read"]).then((o) => o.output), /true/);
    });

    it("up, refresh, preview, about and destroy work, a proxy notwithstanding", async () => {
        const proxy = "http://127.0.0.1:9";
        const nowhere = { HTTPS_PROXY: proxy, https_proxy: proxy, http_proxy: proxy };
        const cwd = program(`${dynamic("")} new Made("one", { a: 1 });`);
        await init(cwd);
        const up = await deploy(cwd, "up", [], nowhere);
        assert.equal(up.code, 0, up.output);
        await pulumi(cwd, ["refresh", "--yes", "--skip-preview"], nowhere);
        await pulumi(cwd, ["preview", "--expect-no-changes"], nowhere);
        const about = await pulumi(cwd, ["about"]);
        assert.match(about.output, new RegExp(`written in nodejs.*${process.version}`));
        await pulumi(cwd, ["destroy", "--yes", "--skip-preview"], nowhere);
    });

    it("a function that cannot be serialized is named, with its place", async () => {
        const create = "return { id: native(1), outs: {} }";
        const cwd = program(
            `const native = new Intl.NumberFormat().format;${dynamic(create)}
            new Made("one", {});`,
        );
        await init(cwd);
        const result = await deploy(cwd, "preview");
        assert.notEqual(result.code, 0);
        assert.match(errors(result).join(), /'create': index\.js\(5,\d+\).*captured[^]*'native'/);
    });

    it("install works, and a program without its SDK is told to run it", async () => {
        const cwd = folder(
            {
                ...settings,
                "package.json": JSON.stringify({ dependencies: { local: "file:./local" } }),
                "local/package.json": JSON.stringify({ name: "local", version: "1.0.0" }),
                "index.js": "",
            },
            false,
        );
        await pulumi(cwd, ["install"]);
        assert.ok(fs.existsSync(path.join(cwd, "node_modules/local")));
        await init(cwd);
        const result = await deploy(cwd, "preview");
        assert.deepEqual(errors(result).length, 1);
        assert.match(errors(result)[0], /Cannot find module '@pulumi\/pulumi.*pulumi install/);
    });

    it("a policy pack refuses a resource", async () => {
        const pack = folder({
            "PulumiPolicy.yaml": "runtime: nodejs\n",
            "package.json": settings["package.json"],
            "index.js": `
                const { PolicyPack } = require("@pulumi/policy");
                new PolicyPack("pack", { policies: [{
                    name: "no-ones", description: "a is not 1", enforcementLevel: "mandatory",
                    validateResource: ({ props }, report) => {
                        if (props.a === 1) { report("a is 1"); }
                    },
                }] });`,
        });
        const cwd = program(`${dynamic("")} new Made("made", { a: Number(process.env.A) });`);
        await init(cwd);
        const preview = (a: string): Promise<Outcome> =>
            deploy(cwd, "preview", ["--policy-pack", pack], { A: a });
        const refused = await preview("1");
        assert.notEqual(refused.code, 0);
        assert.deepEqual(
            refused.events.flatMap(({ policyEvent }) => policyEvent?.policyName ?? []),
            ["no-ones"],
            refused.output,
        );
        const accepted = await preview("2");
        assert.equal(accepted.code, 0, accepted.output);
        assert.deepEqual(processesWith(pack), []);
    });

    it("10,000 resources with 20 MB of outputs", async function () {
        this.timeout(900_000);
        const cwd = program(`
            const pulumi = require("@pulumi/pulumi");
            // Its messages for --debug, four to a resource, are sent one after the other: half of the time.
            pulumi.log.debug = async () => undefined;
            const outputs = {};
            for (let i = 0; i < 10000; i++) {
                new pulumi.ComponentResource("it:index:Part", "part-" + i);
                outputs["output" + i] = "x".repeat(2000);
            }
            module.exports = outputs;`);
        await init(cwd);
        const result = await deploy(cwd, "preview", ["--suppress-progress"]);
        assert.equal(result.code, 0, result.output);
        const summary = result.events.find((event) => event.summaryEvent !== undefined);
        assert.equal(summary?.summaryEvent?.resourceChanges.create, 10_001);
    });

    it("two programs at once", async () => {
        const cwd = program(`${dynamic("")} new Made("made", { stack: pulumi.getStack() });`);
        await init(cwd, "one");
        await init(cwd, "two");
        const both = await Promise.all(
            ["one", "two"].map((stack) =>
                pulumi(cwd, ["up", "--yes", "--skip-preview", "--stack", stack]),
            ),
        );
        assert.match(both[0].output, /it-one/);
        assert.match(both[1].output, /it-two/);
    });

    for (const [title, signal] of [
        ["Ctrl-C", "SIGINT"],
        ["the CLI killed", "SIGKILL"],
    ] as const) {
        it(`${title}: no process is left, not even a stubborn one of the program`, async () => {
            const cwd = program(`
                ${dynamic(`require("fs").writeFileSync("creating", "");
                    await new Promise((resolve) => setTimeout(resolve, 3000))`)}
                require("child_process").spawn(
                    "sh", ["-c", "trap '' INT TERM; sleep 1000 # " + process.cwd()],
                    { stdio: "inherit" });
                new Made("made", {});
                setInterval(() => undefined, 1000);`);
            await init(cwd);
            const child = start(cwd, ["up", "--yes", "--skip-preview"]);
            const ended = outcome(child);
            const creating = path.join(cwd, "creating");
            await eventually("the resource is being made", () => fs.existsSync(creating), 60);
            assert.notDeepEqual(processesWith(`trap '' INT TERM; sleep 1000 # ${cwd}`), []);
            child.kill(signal);
            const { code, output } = await ended;
            assert.notEqual(code, 0);
            await eventually(
                "nothing is left",
                () => [...processesWith(cwd), ...processesWith(bin)].length === 0,
            );
            await eventually("no provider host", () => providerHostsIn(cwd).length === 0);
            if (signal === "SIGINT") {
                assert.match(output, /update canceled/);
                const state = await pulumi(cwd, ["stack", "export"]);
                assert.match(state.output, /::made"/, "what was being made is in the state");
            }
        });
    }

    /** By their working directory: their command line does not tell whose they are. */
    function providerHostsIn(cwd: string): unknown[] {
        return processesWith("dynamicProvider.js").filter(({ pid }) => {
            try {
                return fs.readlinkSync(`/proc/${pid}/cwd`) === cwd;
            } catch {
                return false;
            }
        });
    }
});
