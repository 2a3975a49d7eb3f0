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

    function mirrored(): NodeJS.ProcessEnv {
        return { PULUMI_TOOLCHAIN_MIRROR: sandbox.mirror };
    }

    const kinds = () =>
        Object.fromEntries(
            (sandbox.toolchain().plugins ?? []).map(({ name, kind }) => [name, kind]),
        );

    it("installs the official CLI and plugins from a mirror with Pulumi's file names", async () => {
        sandbox.fillMirror();
        const { status, output } = await sandbox.setup([], mirrored());
        assert.strictEqual(status, 0, output);
        assert.match(output, /Pulumi CLI: [\d.]+, mirror of the official download/);
        const cli = sandbox.toolchain().cli as string;
        assert.strictEqual(execFileSync(cli, ["version"], { encoding: "utf8" }), `v${version}\n`);
        assert.strictEqual(sandbox.toolchain().host, "official");
        assert.deepStrictEqual(kinds(), {
            tls: "official",
            random: "official",
            azuread: "official",
            "azure-native": "stand-in",
        });
        assert.deepStrictEqual(
            sandbox.localNames().filter((name) => name.startsWith("tmp-")),
            [],
        );
    });

    it("accepts a mirror with a file:// address, and one laid out as get.pulumi.com", async () => {
        sandbox.fillMirror();
        const releases = path.join(sandbox.mirror, "releases");
        for (const name of fs.readdirSync(sandbox.mirror)) {
            const folder = path.join(releases, /-resource-/.test(name) ? "plugins" : "sdk");
            fs.mkdirSync(folder, { recursive: true });
            fs.renameSync(path.join(sandbox.mirror, name), path.join(folder, name));
        }
        const { output } = await sandbox.setup([], {
            PULUMI_TOOLCHAIN_MIRROR: `file://${sandbox.mirror}`,
        });
        assert.match(output, /ready: .*official plugins tls .*, random .*, azuread /);
    });

    it("uses stand-ins for the plugins that a mirror lacks, and says so", async () => {
        sandbox.fillMirror({ plugins: ["tls"] });
        const { output } = await sandbox.setup([], mirrored());
        assert.match(
            output,
            /stand-ins of this project for plugins .* missing: .*pulumi-resource-random-.* does not exist$/m,
        );
        assert.deepStrictEqual(
            [kinds().tls, kinds().random, kinds().azuread],
            ["official", "stand-in", "stand-in"],
        );
        assert.match(sandbox.toolchain().description, /official plugins tls .*stand-ins .*random/);
    });

    it("with --official, installs only official plugins, or fails", async () => {
        sandbox.fillMirror();
        const lacking = await sandbox.setup(["--official"], mirrored());
        assert.strictEqual(lacking.status, 1);
        assert.match(lacking.output, /pulumi-resource-azure-native-.* does not exist/);
        sandbox.fillMirror({ plugins: ["tls", "random", "azuread", "azure-native"] });
        const { status, output } = await sandbox.setup(["--official"], mirrored());
        assert.strictEqual(status, 0, output);
        const plugins = path.join(sandbox.local, "pulumi-home-official", "plugins");
        assert.strictEqual(fs.readdirSync(plugins).length, 4);
        for (const folder of fs.readdirSync(plugins)) {
            const [program] = fs.readdirSync(path.join(plugins, folder));
            const text = fs.readFileSync(path.join(plugins, folder, program), "utf8");
            assert.doesNotMatch(text, /stand-in/);
        }
    });

    it("writes an environment file that puts the CLI first and does not touch the user's home", async () => {
        sandbox.go();
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

    it("does nothing and prints nothing with --quiet when everything is installed", async () => {
        sandbox.go();
        await sandbox.setup();
        const before = footprint(sandbox.project);
        const second = await sandbox.setup(["--quiet"]);
        assert.deepStrictEqual(second, { status: 0, signal: null, output: "" });
        assert.deepStrictEqual(footprint(sandbox.project), before);
    });

    it("uses a suitable CLI on PATH with its own host, and stand-ins for plugins that it cannot install", async () => {
        sandbox.cli(sandbox.bin, "99.0.1");
        const { status, output } = await sandbox.setup();
        assert.strictEqual(status, 0, output);
        const { cli, version: found, source, host } = sandbox.toolchain();
        assert.deepStrictEqual([found, source, host], ["99.0.1", "PATH", "official"]);
        assert.strictEqual(fs.realpathSync(cli as string), path.join(sandbox.bin, "pulumi"));
        assert.match(output, /stand-ins .*: no official tls [\d.]+: no plugins to be had here$/m);
        assert.deepStrictEqual([...new Set(Object.values(kinds()))], ["stand-in"]);
        assert.ok(!sandbox.localNames().some((name) => /official|engine/.test(name)));
    });

    it("explains why the CLI cannot download a plugin, in one line without its attempts", async () => {
        const cause = "dial tcp: lookup get.pulumi.com: no such host";
        sandbox.cli(sandbox.bin, "99.0.1", {
            install: [
                "echo '[resource plugin tls-5.5.1] installing'",
                ...[1, 2].flatMap((attempt) => [
                    `echo 'warning: Error downloading plugin: Get "https://get.pulumi.com/a.tar.gz": ${cause}'`,
                    `echo 'Will retry in 80ms [${attempt}/2]'`,
                ]),
                "echo 'error: failed to download plugin: failed all 2 attempts'",
            ],
        });
        const { output } = await sandbox.setup();
        const lines = output.split("\n").filter((line) => /no such host|attempt|retry/.test(line));
        assert.deepStrictEqual(lines, [
            "setup: stand-ins of this project for plugins that are missing: " +
                `no official tls ${pinned["@pulumi/tls"]}: get.pulumi.com: ${cause}`,
        ]);
    });

    it("skips a CLI on PATH that is too old, and says so", async () => {
        sandbox.go();
        sandbox.cli(sandbox.bin, "3.99.0");
        const { output } = await sandbox.setup();
        assert.match(output, new RegExp(`bin/pulumi is 3.99.0, older than ${version}`));
        assert.strictEqual(sandbox.toolchain().source, "Go module");
    });

    it("adds this project's host to a copy of a CLI on PATH that has none", async () => {
        sandbox.cli(sandbox.bin, version, { withHost: false });
        await sandbox.setup();
        const { cli, source, host } = sandbox.toolchain();
        assert.deepStrictEqual([source, host], ["PATH", "own"]);
        const bin = path.dirname(fs.realpathSync(cli as string));
        assert.deepStrictEqual(fs.readdirSync(bin).sort(), [
            "pulumi",
            "pulumi-language-nodejs",
            "pulumi-resource-pulumi-nodejs",
        ]);
        assert.deepStrictEqual(fs.readdirSync(sandbox.bin), ["pulumi"]);
    });

    it("detects when the CLI on PATH is removed or added", async () => {
        sandbox.go();
        sandbox.cli(sandbox.bin, "99.0.1");
        await sandbox.setup();
        fs.rmSync(path.join(sandbox.bin, "pulumi"));
        fs.rmSync(path.join(sandbox.bin, "pulumi-language-nodejs"));
        await sandbox.assertSetsUp(mirrored());
        sandbox.cli(sandbox.bin, "99.0.2");
        await sandbox.setup();
        assert.strictEqual(sandbox.toolchain().version, "99.0.2");
    });

    it("lets the npm package download the pinned version into the project", async () => {
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

    it("lists the attempts, why they failed and the remedies when there is no CLI at all", async () => {
        const { status, output } = await sandbox.setup(["--quiet"]);
        assert.strictEqual(status, 0);
        assert.match(output, /NO PULUMI CLI/);
        for (const line of [
            /- PATH: no pulumi on it/,
            /- official download: no route to the download/,
            /- Go module: no go on PATH: install Go 1\.[\d.]+ or newer/,
            /- install Pulumi .* to PATH/,
            /- let this machine reach https:\/\/get\.pulumi\.com/,
            /- set PULUMI_TOOLCHAIN_MIRROR .*pulumi-v[\d.]+-\w+-\w+\.tar\.gz/,
            /- install Go \(https:\/\/go\.dev\/dl\)/,
        ]) {
            assert.match(output, line);
        }
        const { cli, tried } = sandbox.toolchain();
        assert.strictEqual(cli, null);
        assert.deepStrictEqual(
            tried?.map(({ source }) => source),
            [
                "PATH",
                "set up earlier in this project",
                "set up earlier in the user's cache",
                "official download",
                "Go module",
            ],
        );
        assert.strictEqual((await sandbox.setup(["--require-cli"])).status, 1);
    });

    it("leaves nothing of a corrupt archive and says what is wrong", async () => {
        sandbox.fillMirror({ payloadBytes: 1_000_000 });
        const whole = fs.readFileSync(sandbox.archive);
        fs.writeFileSync(sandbox.archive, whole.subarray(0, whole.length / 2));
        const { status, output } = await sandbox.setup(["--require-cli"], mirrored());
        assert.strictEqual(status, 1);
        assert.match(output, /cannot be unpacked: .*unexpected end of file/i);
        sandbox.assertNothingHalfMade();
        fs.writeFileSync(sandbox.archive, whole);
        await sandbox.assertSetsUp(mirrored());
    });

    it("leaves nothing of an archive that cannot be written in full", async () => {
        sandbox.fillMirror({ payloadBytes: 8_000_000 });
        const limited = "ulimit -f 4096; exec bash scripts/setup.sh --require-cli"; // 4 MB a file
        const { status, output } = await sandbox.spawn("bash", ["-c", limited], mirrored()).ended;
        assert.strictEqual(status, 1, output);
        assert.match(output, /cannot be unpacked/);
        sandbox.assertNothingHalfMade();
        await sandbox.assertSetsUp(mirrored());
    });

    for (const [problem, account] of [
        ["are missing", undefined],
        ["are of an interrupted installation", "{"],
        ["are older than the lock file", '{"packages":{"node_modules/mocha":{"version":"1.0.0"}}}'],
    ] as const) {
        it(`installs the npm packages when they ${problem}`, async () => {
            sandbox.go();
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

    it("refuses an unknown flag", async () => {
        const { status, output } = await sandbox.setup(["--fast"]);
        assert.strictEqual(status, 2);
        assert.match(output, /setup: Unknown option '--fast'\n\nUsage: npm run setup/);
        assert.ok(!fs.existsSync(sandbox.local));
    });
});
