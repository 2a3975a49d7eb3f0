import { strict as assert } from "assert";
import { spawnSync } from "child_process";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { runTypescript } from "../../scripts/lib/runTypescript";

/** How the npm commands start. */
describe("TypeScript that node runs as the npm commands do", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "typescript-"));
    after(() => rmSync(folder, { recursive: true }));

    const run = (text: string, ...args: readonly string[]) => {
        const file = path.join(folder, "main.ts");
        writeFileSync(file, text);
        return spawnSync(process.execPath, [...runTypescript, file, ...args], {
            encoding: "utf8",
        });
    };

    it("gets its own arguments, even those that Node.js has, too", () => {
        const { stdout } = run("console.log(process.argv.slice(2).join());", "--env-file", "none");
        assert.equal(stdout, "--env-file,none\n");
    });

    it("runs as it is now, with its own lines in errors", () => {
        for (const lines of [1, 3]) {
            const types = "interface Unseen { readonly one: number }\n".repeat(lines);
            const { status, stderr } = run(`${types}throw new Error("wrong" as string);\n`);
            assert.equal(status, 1);
            assert.match(stderr, new RegExp(`^${folder}/main\\.ts:${lines + 1}\n`, "m"));
            assert.match(stderr, new RegExp(`Error: wrong\n +at .*main\\.ts:${lines + 1}:7`));
        }
    });
});
