import { strict as assert } from "assert";
import { spawn } from "child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { text } from "stream/consumers";

const repository = path.resolve(__dirname, "../..");
const linked = ["components", "node_modules", "package.json", "tsconfig.json"];
/** Runs once the host has started: loads a provider as the host does, and tells by which paths that was loaded. */
const probe = `
setTimeout(() => {
    const { createRequire } = require("module");
    const sdk = createRequire(process.cwd() + "/node_modules/@pulumi/pulumi/package.json");
    sdk("require-from-string")(
        'exports.handler=()=>require(process.cwd()+"/components/dynamic/load")("dps/registration")',
    ).handler();
    const own = Object.keys(require.cache).filter((file) => /components.dynamic/.test(file));
    process.stdout.write("loaded " + JSON.stringify(own) + "\\n", () => process.exit());
}, 0);
`;

describe("the host of dynamic providers", function () {
    this.timeout(60_000);
    let folder: string;

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-linked-"));
        linked.forEach((name) => symlinkSync(path.join(repository, name), path.join(folder, name)));
        writeFileSync(path.join(folder, "probe.js"), probe);
    });

    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it("loads each module by its real path, where the program is reached through links", async () => {
        const host = path.join(repository, "standins/node-host/dynamicProvider.js");
        const child = spawn(process.execPath, ["--require", "./probe.js", host, "127.0.0.1:1"], {
            cwd: folder,
            stdio: ["pipe", "pipe", "inherit"],
        });
        const output = await text(child.stdout);
        const [, found = "[]"] = /^loaded (.*)$/m.exec(output) ?? [];
        const files = JSON.parse(found) as string[];
        assert.ok(files.length > 1, output);
        for (const file of files) {
            assert.ok(file.startsWith(path.join(repository, "components")), file);
        }
    });
});
