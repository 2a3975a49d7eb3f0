import * as assert from "assert";
import * as fs from "fs";
import * as path from "path";
import { Sandbox } from "./sandbox";

const requirements = path.resolve(__dirname, "../../scripts/setup/azure-cli.txt");

/** With a `python3` that makes an environment whose `pip` only notes what it is told. */
describe("scripts/azure-cli.sh", function () {
    this.timeout(60_000);
    let sandbox: Sandbox;

    beforeEach(() => {
        sandbox = new Sandbox();
        sandbox.program(
            path.join(sandbox.bin, "python3"),
            `#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$*" >> ${sandbox.top}/calls\\n' > "$3/bin/pip"
printf '#!/bin/sh\\n' > "$3/bin/az"
chmod +x "$3/bin/pip" "$3/bin/az"
`,
        );
    });
    afterEach(() => sandbox.remove());

    const run = () => sandbox.spawn("bash", ["scripts/azure-cli.sh"]).ended;

    function calls(): string[] {
        return fs.readFileSync(path.join(sandbox.top, "calls"), "utf8").trim().split("\n");
    }

    it("installs exactly what is listed with checksums, and builds nothing", async () => {
        const { status, output } = await run();
        assert.strictEqual(status, 0, output);
        const [call, ...others] = calls();
        assert.deepStrictEqual(others, []);
        const list = path.join(sandbox.project, "scripts", "setup", "azure-cli.txt");
        for (const words of [
            "--require-hashes",
            "--no-deps",
            "--only-binary :all:",
            `-r ${fs.realpathSync(list)}`,
        ]) {
            assert.ok(call.includes(` ${words}`), call);
        }
        assert.ok(output.endsWith(`${path.join("azure-cli-venv", "bin", "az")}\n`), output);
    });

    it("installs once, and again when the list has changed", async () => {
        await run();
        await run();
        assert.strictEqual(calls().length, 1);
        fs.appendFileSync(
            path.join(sandbox.project, "scripts", "setup", "azure-cli.txt"),
            "# changed\n",
        );
        await run();
        assert.strictEqual(calls().length, 2);
    });

    it("the list pins each package to a version with SHA-256 checksums, and names no source", () => {
        const text = fs.readFileSync(requirements, "utf8");
        const entries = text.trim().split(/\n(?=\S)/);
        assert.ok(entries.length > 100);
        for (const entry of entries) {
            const [head, ...hashes] = entry.split(/ \\\n {4}/);
            assert.match(head, /^[a-z0-9][a-z0-9.-]*==[\w.]+( ; .+)?$/);
            assert.ok(hashes.length > 0, head);
            hashes.forEach((hash) => assert.match(hash, /^--hash=sha256:[0-9a-f]{64}$/));
        }
        assert.doesNotMatch(text, /:\/\/|index-url|find-links/);
    });
});
