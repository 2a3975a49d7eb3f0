import * as assert from "assert";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { pinned, Sandbox } from "./sandbox";

const repository = path.resolve(__dirname, "../..");
const version = pinned["@pulumi/pulumi"];
const zeros = "0".repeat(64);

/** In a sandbox without the network: archives come from a mirror, programs are stand-ins of a few lines. */
describe("setup: downloads match the pinned checksums", function () {
    this.timeout(60_000);
    let sandbox: Sandbox;

    beforeEach(() => (sandbox = new Sandbox()));
    afterEach(() => sandbox.remove());

    const mirrored = () => ({ PULUMI_TOOLCHAIN_MIRROR: sandbox.mirror });
    const sumOf = (file: string): string =>
        createHash("sha256").update(fs.readFileSync(file)).digest("hex");
    const pin = (sums: Record<string, string>): void =>
        sandbox.write("scripts/setup/downloads.json", JSON.stringify(sums));

    /** The archives in the mirror, with their sums. */
    function mirrorSums(): Record<string, string> {
        const names = fs.readdirSync(sandbox.mirror).filter((name) => name.endsWith(".tar.gz"));
        return Object.fromEntries(
            names.map((name) => [name, sumOf(path.join(sandbox.mirror, name))]),
        );
    }

    it("an archive with the pinned checksum is used silently", async () => {
        sandbox.fillMirror();
        pin(mirrorSums());
        const output = await sandbox.assertSetsUp(mirrored());
        assert.match(output, /mirror of the official download/);
        assert.match(output, /official plugins tls .*, random .*, azuread /);
        assert.doesNotMatch(output, /SHA-256/);
    });

    it("a CLI with another checksum is refused before it is unpacked, and leaves nothing", async () => {
        sandbox.fillMirror();
        const name = path.basename(sandbox.archive);
        pin({ ...mirrorSums(), [name]: zeros });
        const { status, output } = await sandbox.setup(["--require-cli"], mirrored());
        assert.strictEqual(status, 1, output);
        const found = sumOf(sandbox.archive);
        assert.ok(output.includes(`has the SHA-256 ${found}, but what is pinned is ${zeros}`));
        sandbox.assertNothingHalfMade();
    });

    it("a plugin with another checksum is refused, and a stand-in replaces it", async () => {
        sandbox.fillMirror();
        const sums = mirrorSums();
        const [plugin] = Object.keys(sums).filter((name) => /resource-random/.test(name));
        pin({ ...sums, [plugin]: zeros });
        const output = await sandbox.assertSetsUp(mirrored());
        assert.ok(output.includes(`but what is pinned is ${zeros}`), output);
        assert.match(output, /stand-ins of this project for the plugins .*random/);
    });

    it("without a pinned checksum, the release's checksums file is compared", async () => {
        sandbox.fillMirror();
        const name = path.basename(sandbox.archive);
        const file = path.join(sandbox.mirror, `pulumi-${version}-checksums.txt`);
        fs.writeFileSync(file, `${zeros}  other.tar.gz\n${zeros}  ${name}\n`);
        const { output } = await sandbox.setup(["--require-cli"], mirrored());
        assert.ok(output.includes(`but its checksums file says ${zeros}`), output);
        fs.writeFileSync(file, `${sumOf(sandbox.archive).toUpperCase()} *./${name}\n`);
        const good = await sandbox.assertSetsUp(mirrored());
        assert.match(good, /which no source confirms but the checksums file beside it/);
    });

    it("a pinned checksum takes precedence over the checksums file", async () => {
        sandbox.fillMirror();
        const name = path.basename(sandbox.archive);
        const file = path.join(sandbox.mirror, `pulumi-${version}-checksums.txt`);
        fs.writeFileSync(file, `${sumOf(sandbox.archive)}  ${name}\n`);
        pin({ [name]: zeros });
        const { output } = await sandbox.setup(["--require-cli"], mirrored());
        assert.ok(output.includes(`but what is pinned is ${zeros}`), output);
    });

    it("an unverified archive is reported with its checksum", async () => {
        sandbox.fillMirror();
        const output = await sandbox.assertSetsUp(mirrored());
        for (const [name, sum] of Object.entries(mirrorSums())) {
            const line = `setup: ${name} has the SHA-256 ${sum}, which no source confirms\n`;
            assert.ok(output.includes(line), output);
        }
    });

    it("an unreadable checksum list is not treated as an empty one", async () => {
        sandbox.fillMirror();
        sandbox.write("scripts/setup/downloads.json", "{");
        const { status } = await sandbox.setup(["--require-cli"], mirrored());
        assert.strictEqual(status, 1);
        sandbox.assertNothingHalfMade();
    });

    it("with a pinned checksum, Pulumi's unverified script does not run: the archive is fetched", async () => {
        pin({ [path.basename(sandbox.archive)]: zeros });
        sandbox.downloader('require("fs").writeFileSync("script-ran", "");');
        // A network of its own, which hands out something else.
        const fake = path.join(sandbox.top, "network.cjs");
        fs.writeFileSync(
            fake,
            'globalThis.fetch = async (url) => { console.error("GET " + url); return new Response("other"); };',
        );
        const options = { NODE_OPTIONS: `--require ${fake}` };
        const { output } = await sandbox.setup([], options);
        const url = `https://get.pulumi.com/releases/sdk/${path.basename(sandbox.archive)}`;
        assert.ok(output.includes(`GET ${url}\n`), output);
        assert.ok(output.includes(`but what is pinned is ${zeros}`), output);
        assert.ok(!fs.existsSync(path.join(sandbox.project, "script-ran")));
        sandbox.assertNothingHalfMade();
    });

    it("without one, the script runs, and the output says that nothing is verified", async () => {
        const { output } = await sandbox.setup();
        const name = path.basename(sandbox.archive);
        assert.ok(output.includes(`no SHA-256 of ${name} is pinned: it is used unverified`));
    });

    it("the CLI gets the pinned checksum of a plugin that it installs", async () => {
        sandbox.fillMirror();
        const [tls] = Object.keys(mirrorSums()).filter((name) => /resource-tls/.test(name));
        const calls = path.join(sandbox.top, "calls");
        sandbox.cli(sandbox.bin, "99.0.1", { install: [`echo "$*" >> '${calls}'`] });
        pin({ [tls]: zeros });
        await sandbox.setup();
        assert.strictEqual(
            fs.readFileSync(calls, "utf8"),
            `plugin install resource tls ${pinned["@pulumi/tls"]} --checksum ${zeros}\n`,
        );
    });

    it("--pin enters the sum of each archive of all platforms, and set-up then takes no other", async () => {
        sandbox.fillMirror({ everyMachine: true });
        const { status, output } = await sandbox.setup(["--pin"], mirrored());
        assert.strictEqual(status, 0, output);
        const file = path.join(sandbox.project, "scripts", "setup", "downloads.json");
        const written = JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, string>;
        assert.deepStrictEqual(written, mirrorSums());
        assert.strictEqual(Object.keys(written).length, 20);
        fs.appendFileSync(sandbox.archive, "changed");
        const after = await sandbox.setup(["--require-cli"], mirrored());
        assert.strictEqual(after.status, 1);
        assert.match(after.output, /but what is pinned is [0-9a-f]{64}/);
    });

    it("--pin changes nothing if an archive is missing or differs from its checksums file", async () => {
        sandbox.fillMirror();
        const missing = await sandbox.setup(["--pin"], mirrored());
        assert.strictEqual(missing.status, 1);
        assert.match(missing.output, /pulumi-resource-azure-native-\S+ does not exist/);
        sandbox.fillMirror({ everyMachine: true });
        const name = path.basename(sandbox.archive);
        const listed = path.join(sandbox.mirror, `pulumi-${version}-checksums.txt`);
        fs.writeFileSync(listed, `${zeros}  ${name}\n`);
        const differs = await sandbox.setup(["--pin"], mirrored());
        assert.strictEqual(differs.status, 1);
        assert.ok(differs.output.includes(`but its checksums file says ${zeros}`));
        const file = path.join(sandbox.project, "scripts", "setup", "downloads.json");
        assert.strictEqual(fs.readFileSync(file, "utf8"), "{}\n");
    });

    it("each pinned checksum in this repository is a SHA-256 of a Pulumi archive", () => {
        const file = path.join(repository, "scripts", "setup", "downloads.json");
        const sums = JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, string>;
        for (const [name, sum] of Object.entries(sums)) {
            assert.match(name, /^pulumi-(resource-\w+-)?v[\d.]+-\w+-\w+\.tar\.gz$/);
            assert.match(sum, /^[0-9a-f]{64}$/);
        }
    });
});
