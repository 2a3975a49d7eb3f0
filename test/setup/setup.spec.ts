import * as assert from "assert";
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { footprint, pinned, Sandbox } from "./sandbox";

const version = pinned["@pulumi/pulumi"];

describe("setup", function () {
    this.timeout(60_000);
    let sandbox: Sandbox;

    beforeEach(() => {
        sandbox = new Sandbox();
    });

    afterEach(() => {
        sandbox.remove();
    });

    function assertNothingHalfInstalled(): void {
        assert.deepStrictEqual(
            sandbox.localNames().filter((name) => /^tmp-|mirror/.test(name)),
            [],
        );
    }

    async function assertSetsUpNow(): Promise<void> {
        const { status, output } = await sandbox.setup(["--require-cli"]);
        assert.strictEqual(status, 0, output);
        assert.strictEqual(sandbox.toolchain().version, version);
    }

    it("takes the CLI and the plugins from the mirror when there is no other source", async () => {
        sandbox.fillMirror();
        const { status, output } = await sandbox.setup();
        assert.strictEqual(status, 0, output);
        assert.match(output, /official download: no route to the download/);
        assert.match(output, /ready: Pulumi [\d.]+ \(toolchain mirror\)/);
        const cli = sandbox.toolchain().cli as string;
        assert.strictEqual(execFileSync(cli, ["version"], { encoding: "utf8" }), `v${version}\n`);
        assert.deepStrictEqual(
            fs.readdirSync(path.join(sandbox.local, "pulumi-home", "plugins")).sort(),
            ["azuread", "random", "tls"].map(
                (name) => `resource-${name}-v${pinned[`@pulumi/${name}`]}`,
            ),
        );
        assert.deepStrictEqual(
            sandbox.localNames().filter((name) => name.startsWith("tmp-")),
            [],
        );
    });

    it("finds the mirror beside the project, and by a file:// address", async () => {
        sandbox.fillMirror();
        const address = await sandbox.setup([], {
            PULUMI_TOOLCHAIN_MIRROR: `file://${sandbox.mirror}`,
        });
        assert.match(address.output, /ready/);
        fs.rmSync(sandbox.local, { recursive: true });
        fs.mkdirSync(path.join(sandbox.project, "..", "shared"));
        fs.renameSync(sandbox.mirror, path.join(sandbox.project, "..", "shared", "toolchain"));
        const beside = await sandbox.setup([], { PULUMI_TOOLCHAIN_MIRROR: undefined });
        assert.match(beside.output, /ready/);
    });

    it("writes an environment file that puts the CLI first and leaves the user's home alone", async () => {
        sandbox.fillMirror();
        fs.mkdirSync(path.join(sandbox.home, ".pulumi"));
        fs.writeFileSync(path.join(sandbox.home, ".pulumi", "credentials.json"), "{}");
        const before = footprint(sandbox.home);
        await sandbox.setup();
        assert.deepStrictEqual(footprint(sandbox.home), before);
        const { output } = await sandbox.spawn("bash", [
            "-c",
            '. .local/env; command -v pulumi; echo "$PULUMI_HOME"',
        ]).ended;
        assert.deepStrictEqual(output.trim().split("\n"), [
            path.join(sandbox.local, "bin", "pulumi"),
            path.join(sandbox.local, "pulumi-home"),
        ]);
    });

    it("does nothing and says nothing with --quiet when all is there", async () => {
        sandbox.fillMirror();
        await sandbox.setup();
        const before = footprint(sandbox.project);
        const second = await sandbox.setup(["--quiet"]);
        assert.deepStrictEqual(second, { status: 0, signal: null, output: "" });
        assert.deepStrictEqual(footprint(sandbox.project), before);
    });

    it("takes a good CLI on PATH, and the plugins that it cannot install from the mirror", async () => {
        sandbox.fillMirror();
        sandbox.cli(sandbox.bin, "99.0.1");
        const { status, output } = await sandbox.setup();
        assert.strictEqual(status, 0, output);
        const { cli, version: found, source } = sandbox.toolchain();
        assert.deepStrictEqual([found, source], ["99.0.1", "PATH"]);
        assert.strictEqual(fs.realpathSync(cli as string), path.join(sandbox.bin, "pulumi"));
        assert.match(output, /pulumi plugin install: no plugins to be had here/);
        assert.ok(!sandbox.localNames().includes("mirror"));
    });

    it("passes over a CLI on PATH that is too old, and says so", async () => {
        sandbox.fillMirror();
        sandbox.cli(sandbox.bin, "3.99.0");
        const { output } = await sandbox.setup();
        assert.match(output, new RegExp(`bin/pulumi is 3.99.0, older than ${version}`));
        assert.strictEqual(sandbox.toolchain().source, "toolchain mirror");
    });

    it("passes over a CLI on PATH without its Node.js host, and says so", async () => {
        sandbox.fillMirror();
        sandbox.cli(sandbox.bin, version, { withHost: false });
        const { output } = await sandbox.setup();
        assert.match(
            output,
            /bin\/pulumi has no Node\.js host: pulumi-language-nodejs, pulumi-res/,
        );
        assert.strictEqual(sandbox.toolchain().source, "toolchain mirror");
    });

    it("looks again when the CLI on PATH goes away or comes", async () => {
        sandbox.fillMirror();
        sandbox.cli(sandbox.bin, "99.0.1");
        await sandbox.setup();
        fs.rmSync(path.join(sandbox.bin, "pulumi"));
        await assertSetsUpNow();
        sandbox.cli(sandbox.bin, "99.0.2");
        await sandbox.setup();
        assert.strictEqual(sandbox.toolchain().version, "99.0.2");
    });

    it("lets the npm package download the pinned version into the project", async () => {
        sandbox.fillMirror();
        const official = path.join(sandbox.top, "official");
        sandbox.cli(official, version);
        sandbox.downloader(
            [
                'const { cpSync } = require("fs");',
                "const { PULUMI_HOME, PULUMI_VERSION } = process.env;",
                `cpSync(${JSON.stringify(official)}, PULUMI_HOME + "/versions/" + PULUMI_VERSION + "/bin", { recursive: true });`,
            ].join("\n"),
        );
        const { output } = await sandbox.setup();
        assert.strictEqual(sandbox.toolchain().source, "official download", output);
        assert.strictEqual(
            fs.realpathSync(sandbox.toolchain().cli as string),
            path.join(sandbox.local, "official", "bin", "pulumi"),
        );
    });

    it("lists what was tried, why it failed and the remedies when there is no CLI at all", async () => {
        const { status, output } = await sandbox.setup(["--quiet"]);
        assert.strictEqual(status, 0);
        assert.match(output, /NO PULUMI CLI/);
        for (const line of [
            /- PATH: no pulumi there/,
            /- official download: no route to the download/,
            /- toolchain mirror: .*pulumi-toolchain-linux-amd64\.tar\.xz is not there/,
            /- install Pulumi .* on PATH/,
            /- let this machine reach https:\/\/get\.pulumi\.com/,
            /- set PULUMI_TOOLCHAIN_MIRROR/,
        ]) {
            assert.match(output, line);
        }
        const { cli, tried } = sandbox.toolchain();
        assert.strictEqual(cli, null);
        assert.deepStrictEqual(
            tried?.map(({ source }) => source),
            ["PATH", "set up earlier in .local", "official download", "toolchain mirror"],
        );
        assert.strictEqual((await sandbox.setup(["--require-cli"])).status, 1);
    });

    it("leaves nothing of a corrupt archive and says what is wrong", async () => {
        sandbox.fillMirror({ payloadBytes: 1_000_000 });
        const whole = fs.readFileSync(sandbox.archive);
        fs.writeFileSync(sandbox.archive, whole.subarray(0, whole.length / 2));
        const { status, output } = await sandbox.setup(["--require-cli"]);
        assert.strictEqual(status, 1);
        assert.match(output, /does not unpack: .*(Unexpected end of input|Unexpected EOF)/);
        assertNothingHalfInstalled();
        fs.writeFileSync(sandbox.archive, whole);
        await assertSetsUpNow();
    });

    it("leaves nothing of an archive that cannot be written in full", async () => {
        sandbox.fillMirror({ payloadBytes: 8_000_000 });
        const limited = "ulimit -f 4096; exec bash scripts/setup --require-cli"; // 4 MB a file
        const { status, output } = await sandbox.spawn("bash", ["-c", limited]).ended;
        assert.strictEqual(status, 1, output);
        assert.match(output, /does not unpack/);
        assertNothingHalfInstalled();
        await assertSetsUpNow();
    });

    it("heals after it was killed in the middle of unpacking", async () => {
        sandbox.fillMirror();
        const started = path.join(sandbox.top, "unpacking");
        const tar = sandbox.program(
            path.join(sandbox.bin, "tar"),
            `#!/bin/sh\nPATH=/usr/bin:/bin tar "$@"\necho $$ > ${started}\nexec sleep 600\n`,
        );
        const { child, ended } = sandbox.start();
        while (!fs.existsSync(started) || fs.readFileSync(started, "utf8") === "") {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        child.kill("SIGKILL");
        process.kill(Number(fs.readFileSync(started, "utf8")), "SIGKILL");
        assert.strictEqual((await ended).signal, "SIGKILL");
        assert.ok(sandbox.localNames().some((name) => name.startsWith("tmp-")));
        assert.ok(!sandbox.localNames().includes("mirror"));
        fs.rmSync(tar);
        await assertSetsUpNow();
        assert.deepStrictEqual(
            sandbox.localNames().filter((name) => name.startsWith("tmp-")),
            [],
        );
    });

    it("lets a second run at the same time wait for the first", async () => {
        sandbox.fillMirror();
        sandbox.program(
            path.join(sandbox.bin, "tar"),
            `#!/bin/sh\necho unpacked >> ${sandbox.top}/count\nsleep 1\nPATH=/usr/bin:/bin exec tar "$@"\n`,
        );
        const outcomes = await Promise.all([sandbox.setup(), sandbox.setup()]);
        assert.deepStrictEqual(
            outcomes.map(({ status }) => status),
            [0, 0],
        );
        assert.strictEqual(fs.readFileSync(path.join(sandbox.top, "count"), "utf8"), "unpacked\n");
        assert.match(outcomes.map(({ output }) => output).join(""), /waiting for another run/);
    });

    it("puts the azure-native stand-in into the project's PULUMI_HOME", async () => {
        sandbox.fillMirror();
        sandbox.write(
            "standins/install.js",
            'require("fs").writeFileSync(process.argv[2] + "/stand-in", "");',
        );
        await sandbox.setup();
        assert.ok(fs.existsSync(path.join(sandbox.local, "pulumi-home", "stand-in")));
    });

    for (const [problem, account] of [
        ["are missing", undefined],
        ["are of an interrupted installation", "{"],
        ["are older than the lock file", '{"packages":{"node_modules/mocha":{"version":"1.0.0"}}}'],
    ] as const) {
        it(`installs the npm packages when they ${problem}`, async () => {
            sandbox.fillMirror();
            const record = path.join(sandbox.project, "node_modules", ".package-lock.json");
            fs.rmSync(record);
            if (account !== undefined) {
                fs.writeFileSync(record, account);
            }
            sandbox.program(
                path.join(sandbox.bin, "npm"),
                '#!/bin/sh\necho "$@" > npm-called\ncp package-lock.json node_modules/.package-lock.json\n',
            );
            const { status, output } = await sandbox.setup();
            assert.strictEqual(status, 0, output);
            const called = path.join(sandbox.project, "npm-called");
            assert.match(fs.readFileSync(called, "utf8"), /^ci --ignore-scripts /);
            fs.rmSync(called);
            await sandbox.setup();
            assert.ok(!fs.existsSync(called));
        });
    }

    it("ends with npm's reason when the packages cannot be installed", async () => {
        fs.rmSync(path.join(sandbox.project, "node_modules", ".package-lock.json"));
        sandbox.program(
            path.join(sandbox.bin, "npm"),
            "#!/bin/sh\necho npm error registry is away >&2\nexit 1\n",
        );
        const { status, output } = await sandbox.setup();
        assert.strictEqual(status, 1);
        assert.match(output, /npm ci failed: npm error registry is away/);
    });

    it("refuses a flag that it does not know", async () => {
        const { status, output } = await sandbox.setup(["--fast"]);
        assert.strictEqual(status, 2);
        assert.match(output, /unknown: --fast/);
    });
});
