import * as assert from "assert";
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { pinned, Sandbox } from "./sandbox";

const version = pinned["@pulumi/pulumi"];

describe("setup: the CLI from its Go module", function () {
    this.timeout(60_000);
    let sandbox: Sandbox;

    beforeEach(() => {
        sandbox = new Sandbox();
    });

    afterEach(() => {
        sandbox.remove();
    });

    const builds = () => sandbox.goCalls().filter((call) => call === "build").length;

    it("stamps the pinned version and adds this project's host to the CLI", async () => {
        sandbox.go();
        const output = await sandbox.assertSetsUp();
        assert.match(output, /fetching the Go module github\.com\/pulumi\/pulumi\/pkg\/v3 v/);
        assert.match(output, /building the Pulumi CLI with Go .*up to 2 packages/);
        assert.match(
            output,
            /ready: Pulumi [\d.]+ \(Go module\); this project's Node\.js host; stand-ins of this project for the plugins tls [\d.]+, random [\d.]+, azuread [\d.]+, azure-native [\d.]+$/m,
        );
        const { cli, host } = sandbox.toolchain();
        assert.strictEqual(host, "own");
        const bin = path.dirname(fs.realpathSync(cli as string));
        assert.strictEqual(bin, path.join(sandbox.local, "engine", "bin"));
        assert.deepStrictEqual(fs.readdirSync(bin).sort(), [
            "pulumi",
            "pulumi-language-nodejs",
            "pulumi-resource-pulumi-nodejs",
        ]);
    });

    it("caches the build for the user, so that a second clone reuses it", async () => {
        sandbox.go();
        await sandbox.assertSetsUp();
        fs.rmSync(path.join(sandbox.bin, "go"));
        const project = sandbox.clone("second");
        const { status, output } = await sandbox.spawn(
            "bash",
            ["scripts/setup.sh", "--require-cli"],
            {},
            project,
        ).ended;
        assert.strictEqual(status, 0, output);
        assert.match(output, /Pulumi CLI: [\d.]+, set up earlier in the user's cache/);
        const cli = path.join(project, ".local", "bin", "pulumi");
        assert.strictEqual(execFileSync(cli, ["version"], { encoding: "utf8" }), `v${version}\n`);
        assert.strictEqual(builds(), 1);
    });

    it("detects a corrupted cache by its checksum, and builds again", async () => {
        sandbox.go();
        await sandbox.assertSetsUp();
        fs.rmSync(sandbox.local, { recursive: true });
        fs.appendFileSync(sandbox.cached, "# one line more\n");
        const output = await sandbox.assertSetsUp();
        assert.match(
            output,
            /is damaged \(its checksum is not that of the build\) and was removed/,
        );
        assert.strictEqual(builds(), 2);
        fs.rmSync(sandbox.local, { recursive: true });
        assert.match(await sandbox.assertSetsUp(), /set up earlier in the user's cache/);
    });

    it("leaves no partial build when it is killed, and builds again", async () => {
        const started = path.join(sandbox.top, "started");
        sandbox.go({ during: `echo $$ > ${started}; exec sleep 600` });
        const { child, ended } = sandbox.start();
        while (!fs.existsSync(started) || fs.readFileSync(started, "utf8") === "") {
            await sleep(50);
        }
        child.kill("SIGKILL");
        process.kill(Number(fs.readFileSync(started, "utf8")), "SIGKILL");
        assert.strictEqual((await ended).signal, "SIGKILL");
        assert.ok(!fs.existsSync(sandbox.cached));
        assert.ok(!sandbox.localNames().includes("engine"));
        sandbox.go();
        await sandbox.assertSetsUp();
        assert.deepStrictEqual(
            sandbox.localNames().filter((name) => name.startsWith("tmp-")),
            [],
        );
    });

    it("leaves no partial build on a full disk, and prints Go's reason", async () => {
        const complaint = "link: writing output: no space left on device";
        sandbox.go({ during: `echo '${complaint}' >&2; exit 1` });
        const { status, output } = await sandbox.setup(["--require-cli"]);
        assert.strictEqual(status, 1);
        assert.match(output, new RegExp(`Go module: go build: ${complaint}`));
        sandbox.assertNothingHalfMade();
    });

    it("refuses a program that the full disk truncated", async () => {
        sandbox.go({ during: 'head -c 6000000 /dev/zero >> "$out" || exit 1' });
        const limited = "ulimit -f 4096; exec bash scripts/setup.sh --require-cli"; // 4 MB a file
        const { status, output } = await sandbox.spawn("bash", ["-c", limited]).ended;
        assert.strictEqual(status, 1, output);
        sandbox.assertNothingHalfMade();
    });

    it("names an unwritable cache, with the remedy, before it builds", async () => {
        sandbox.go();
        const cache = path.join(sandbox.program(path.join(sandbox.top, "file"), ""), "cache");
        const { status, output } = await sandbox.setup(["--require-cli"], {
            XDG_CACHE_HOME: cache,
        });
        assert.strictEqual(status, 1);
        const line = `Go module: the cache ${cache}/iot-x509 is not writable (ENOTDIR): set XDG_CACHE_HOME`;
        assert.ok(output.includes(line), output);
        assert.strictEqual(builds(), 0);
    });

    it("builds once for two clones that are set up simultaneously", async () => {
        sandbox.go({ during: "sleep 1" });
        const project = sandbox.clone("second");
        const outcomes = await Promise.all([
            sandbox.setup(["--require-cli"]),
            sandbox.spawn("bash", ["scripts/setup.sh", "--require-cli"], {}, project).ended,
        ]);
        assert.deepStrictEqual(
            outcomes.map(({ status }) => status),
            [0, 0],
            outcomes.map(({ output }) => output).join("\n"),
        );
        assert.match(outcomes.map(({ output }) => output).join(""), /waiting for another run/);
        assert.strictEqual(builds(), 1);
    });

    it("a second run in the same clone waits for the first", async () => {
        sandbox.go({ during: "sleep 1" });
        const outcomes = await Promise.all([sandbox.setup(), sandbox.setup()]);
        assert.deepStrictEqual(
            outcomes.map(({ status }) => status),
            [0, 0],
        );
        assert.strictEqual(builds(), 1);
        assert.match(outcomes.map(({ output }) => output).join(""), /waiting for another run/);
    });

    it("refuses a Go that is too old and must not fetch a newer one, with the remedy", async () => {
        sandbox.go({ version: "go1.25.9", toolchain: "local" });
        const { output } = await sandbox.setup();
        assert.match(output, /Go is 1\.25\.9, but Pulumi needs 1\.26\.\d+: install Go 1\.26/);
        assert.strictEqual(builds(), 0);
    });

    it("accepts an older Go that fetches newer toolchains", async () => {
        sandbox.go({ version: "go1.21.0", toolchain: "auto" });
        await sandbox.assertSetsUp();
    });

    it("refuses a Go without toolchain support, whatever its settings", async () => {
        sandbox.go({ version: "go1.19.8", toolchain: "" });
        const { output } = await sandbox.setup();
        assert.match(output, /Go is 1\.19\.8, but Pulumi needs/);
    });

    it("pins the module to the version of @pulumi/pulumi, with a checksum for every module", () => {
        const folder = path.resolve(__dirname, "../../scripts/setup/engine");
        const text = fs.readFileSync(path.join(folder, "go.mod"), "utf8");
        assert.match(text, /^tool github\.com\/pulumi\/pulumi\/pkg\/v3\/cmd\/pulumi$/m);
        for (const module of ["pkg", "sdk"]) {
            const pin = new RegExp(`pulumi/pulumi/${module}/v3 v([\\d.]+)`).exec(text)?.[1];
            assert.strictEqual(pin, version, module);
        }
        const sums = fs.readFileSync(path.join(folder, "go.sum"), "utf8");
        for (const [, name, pin] of text.matchAll(/^\t(\S+) (v\S+)/gm)) {
            assert.ok(sums.includes(`${name} ${pin} h1:`), `${name} ${pin}`);
        }
    });
});
