import * as assert from "assert";
import { spawnSync } from "child_process";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";

const repository = path.resolve(__dirname, "../..");
const skipModule = JSON.stringify(path.join(repository, "test", "support", "skip"));

describe("the test run", function () {
    this.timeout(60_000);
    let folder: string;

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-run-"));
    });

    afterEach(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    /** Runs scripts/lib/test.mjs on files made of these texts. */
    function runTests(ci: string, ...specs: string[]): { status: number | null; lines: string[] } {
        const files = specs.map((text, index) => {
            const file = path.join(folder, `sample${index}.spec.ts`);
            writeFileSync(file, `import { skip } from ${skipModule};\n${text}\n`);
            return file;
        });
        const { status, stdout } = spawnSync(
            process.execPath,
            [path.join(repository, "scripts", "lib", "test.mjs"), ...files],
            { encoding: "utf8", env: { ...process.env, CI: ci } },
        );
        return { status, lines: stdout.trimEnd().split("\n") };
    }

    const excused =
        'it("e", function () { skip(this, { lacks: "OpenSSL", why: "not installed" }); });';
    const unexcused = 'it("u", function () { skip(this, "not today"); });';

    it("ends with the counts of all files", () => {
        const { status, lines } = runTests(
            "",
            'it("a", () => {}); it("b", () => {});',
            'it("c", () => { throw new Error("no"); });',
            excused,
        );
        assert.strictEqual(lines[lines.length - 1], "2 passed, 1 failed, 1 skipped");
        assert.ok(lines.includes("  - e: this machine has no OpenSSL: not installed"));
        assert.strictEqual(status, 1);
    });

    it("gives the reason of a hook to each test of its suite", () => {
        const { status, lines } = runTests(
            "true",
            'describe("s", () => { before(function () { skip(this, { lacks: "Azure CLI", why: "w" }); });' +
                'it("a", () => {}); describe("t", () => { it("b", () => {}); }); });',
        );
        assert.strictEqual(lines[lines.length - 1], "0 passed, 0 failed, 2 skipped");
        assert.ok(lines.includes("  - s t b: this machine has no Azure CLI: w"));
        assert.strictEqual(status, 0);
    });

    it("takes a skip that the machine does not excuse for a failure in CI only", () => {
        const specs = [unexcused, 'it.skip("without a reason", () => {});'];
        const alone = runTests("", ...specs);
        assert.strictEqual(alone.lines[alone.lines.length - 1], "0 passed, 0 failed, 2 skipped");
        assert.strictEqual(alone.status, 0);
        const inCi = runTests("true", ...specs);
        assert.strictEqual(inCi.lines[inCi.lines.length - 1], "0 passed, 2 failed, 0 skipped");
        assert.strictEqual(inCi.status, 1);
    });

    it("counts a process that ends too early as a failure, whatever its status", () => {
        const { status, lines } = runTests("", 'it("a", () => process.exit(0));');
        assert.strictEqual(lines[lines.length - 1], "0 passed, 1 failed, 0 skipped");
        assert.strictEqual(status, 1);
    });
});
