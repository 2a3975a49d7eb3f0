import * as assert from "assert";
import { spawn } from "child_process";
import { mkdtempSync, readdirSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { processTree, survivors } from "../support/processes";
import { runTypescript } from "../../scripts/lib/runTypescript";

const repository = path.resolve(__dirname, "../..");

describe("the demo", function () {
    this.timeout(120_000);

    it("a signal during an update ends the emulator and the engine and removes the files", async () => {
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-demo-signals-"));
        try {
            const demo = spawn(process.execPath, [...runTypescript, "scripts/demo/main.ts"], {
                cwd: repository,
                env: { ...process.env, TMPDIR: folder },
            });
            const ended = new Promise((resolve) => demo.once("exit", resolve));
            let output = "";
            await new Promise<void>((resolve, reject) => {
                demo.once("exit", () => reject(new Error(output)));
                demo.stdout.on("data", (data: Buffer) => {
                    output += data.toString();
                    if (/\[3\/\d+\]/.test(output)) {
                        resolve();
                    }
                });
            });
            await sleep(2_000); // The engine is at work, or, without one, the program is.
            const tree = processTree(demo.pid as number);
            assert.ok(tree.length > 2, "emulator, engine and what it started");
            demo.kill("SIGTERM");
            assert.deepStrictEqual(await survivors(tree, 8_000), []);
            assert.strictEqual(await ended, 143);
            const left = readdirSync(folder).filter((name) => name.startsWith("iot-x509-"));
            assert.deepStrictEqual(left, []);
        } finally {
            rmSync(folder, { recursive: true, force: true });
        }
    });
});
