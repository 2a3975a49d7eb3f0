import * as assert from "assert";
import { spawn, spawnSync } from "child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { processTree, survivors } from "../support/processes";

const repository = path.resolve(__dirname, "../..");
const skipModule = JSON.stringify(path.join(repository, "test", "support", "skip"));

describe("the test run", function () {
    this.timeout(180_000);
    let folder: string;

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-run-"));
    });

    afterEach(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    /** Runs test/runner/test.mjs on files made of these texts. */
    function runTests(ci: string, ...specs: string[]): { status: number | null; lines: string[] } {
        const files = specs.map((text, index) => {
            const file = path.join(folder, `sample${index}.spec.ts`);
            writeFileSync(file, `import { skip } from ${skipModule};\n${text}\n`);
            return file;
        });
        const { status, stdout } = spawnSync(
            process.execPath,
            [path.join(repository, "test", "runner", "test.mjs"), ...files],
            { encoding: "utf8", env: { ...process.env, CI: ci } },
        );
        return { status, lines: stdout.trimEnd().split("\n") };
    }

    const excused = [
        'it("a", () => {}); it("b", () => {});',
        'describe("s", () => { before(function () { skip(this, { lacks: "Azure CLI", why: "w" }); });' +
            'it("c", () => {}); describe("t", () => { it("d", () => {}); }); });',
    ];
    const unexcused = [
        'it("e", function () { skip(this, "not today"); });',
        'it.skip("f", () => {});',
    ];
    const excusedLines = [
        "  - s c: this machine has no Azure CLI: w",
        "  - s t d: this machine has no Azure CLI: w",
    ];
    const unexcusedLines = ["  - e: not today", "  - f: no reason given"]; // mocha runs them first

    it("ends with the skipped tests and their reasons, the failed ones and the count", () => {
        const failing = 'it("g", () => { throw new Error("no"); });';
        const { status, lines } = runTests("", ...excused, ...unexcused, failing);
        assert.deepStrictEqual(lines.slice(lines.indexOf("Skipped:")), [
            ...["Skipped:", ...unexcusedLines, ...excusedLines, ""],
            ...["Failed:", "  - g", "", "2 passed, 1 failed, 4 skipped"],
        ]);
        assert.strictEqual(status, 1);
    });

    it("in CI, counts a skip without a missing tool as a failure", () => {
        const { status, lines } = runTests("true", ...excused, ...unexcused);
        assert.deepStrictEqual(lines.slice(lines.indexOf("Skipped:")), [
            ...["Skipped:", ...excusedLines, ""],
            ...["Failed:", ...unexcusedLines, "", "2 passed, 2 failed, 2 skipped"],
        ]);
        assert.strictEqual(status, 1);
    });

    it("on a signal, ends everything that the tests started, in whatever process group", async () => {
        const note = path.join(folder, "started");
        const sample = path.join(folder, "hanging.spec.ts");
        writeFileSync(
            sample,
            'import { spawn } from "child_process";\n' +
                'it("hangs", () => new Promise(() => {\n' +
                '    spawn("sh", ["-c", "trap \'\' TERM; sleep 600; sleep 600"], { detached: true });\n' +
                `    require("fs").writeFileSync(${JSON.stringify(note)}, "");\n` +
                "})).timeout(0);\n",
        );
        const run = spawn(process.execPath, [
            path.join(repository, "test", "runner", "test.mjs"),
            sample,
        ]);
        const ended = new Promise((resolve) => run.once("exit", resolve));
        while (!existsSync(note)) {
            await sleep(50);
        }
        const tree = processTree(run.pid as number);
        assert.ok(tree.length > 4, "launcher, emulator, mocha, shell");
        run.kill("SIGTERM");
        assert.deepStrictEqual(await survivors(tree, 8_000), []);
        assert.strictEqual(await ended, 143);
    });

    it("counts a process that ends too early as a failure, whatever its status", () => {
        const { status, lines } = runTests("", 'it("a", () => process.exit(0));');
        assert.strictEqual(lines[lines.length - 1], "0 passed, 1 failed, 0 skipped");
        assert.strictEqual(status, 1);
    });
});
