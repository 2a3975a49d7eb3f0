import * as assert from "assert";
import * as fs from "fs";
import * as path from "path";
import { Sandbox } from "./sandbox";

const lists = ["python-sdks.txt", "python-sdks-source.txt"];

/** With a `python3` that makes an environment whose `pip` only notes what it is told. */
describe("scripts/python-sdks.sh", function () {
    this.timeout(60_000);
    let sandbox: Sandbox;

    beforeEach(() => {
        sandbox = new Sandbox();
    });
    afterEach(() => sandbox.remove());

    const run = () => sandbox.spawn("bash", ["scripts/python-sdks.sh"]).ended;

    /** @param pythonStatus with which the Python of the environment ends */
    function python3(pythonStatus: number): void {
        sandbox.program(
            path.join(sandbox.bin, "python3"),
            `#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$*" >> ${sandbox.top}/calls\\n' > "$3/bin/pip"
printf '#!/bin/sh\\nexit ${pythonStatus}\\n' > "$3/bin/python"
chmod +x "$3/bin/pip" "$3/bin/python"
`,
        );
    }

    it("installs exactly what is listed with checksums, the source package with what the list pins", async () => {
        python3(0);
        const { status, output } = await run();
        assert.strictEqual(status, 0, output);
        const calls = fs.readFileSync(path.join(sandbox.top, "calls"), "utf8").trim().split("\n");
        const folder = fs.realpathSync(path.join(sandbox.project, "scripts", "setup"));
        assert.deepStrictEqual(
            calls.map((call) => / -r (\S+)$/.exec(call)?.[1]),
            lists.map((list) => path.join(folder, list)),
        );
        calls.forEach((call) => assert.match(call, / --require-hashes --no-deps /));
        assert.match(calls[0], / --only-binary :all: /);
        assert.match(calls[1], / --no-build-isolation /);
        assert.ok(output.endsWith(`${path.join("python-sdks-venv", "bin", "python")}\n`), output);
    });

    it("says so with status 3 if there is no Python, and leaves nothing behind", async () => {
        const { status, output } = await run();
        assert.strictEqual(status, 3, output);
        assert.match(output, /azure-iot-device \S+ cannot be installed: python3: .*ENOENT/);
        assert.ok(!fs.existsSync(path.join(sandbox.local, "python-sdks-venv")));
    });

    it("fails with status 1 if the SDKs cannot be imported, and leaves nothing behind", async () => {
        python3(1);
        const { status, output } = await run();
        assert.strictEqual(status, 1, output);
        assert.ok(!fs.existsSync(path.join(sandbox.local, "python-sdks-venv")));
    });

    it("the lists pin each package to a version with SHA-256 checksums, and name no source", () => {
        for (const list of lists) {
            const file = path.resolve(__dirname, "../../scripts/setup", list);
            const text = fs.readFileSync(file, "utf8");
            for (const entry of text.trim().split(/\n(?=\S)/)) {
                const [head, ...hashes] = entry.split(/ \\\n {4}/);
                assert.match(head, /^[a-z0-9][a-z0-9.-]*==[\w.]+( ; .+)?$/);
                assert.ok(hashes.length > 0, head);
                hashes.forEach((hash) => assert.match(hash, /^--hash=sha256:[0-9a-f]{64}$/));
            }
            assert.doesNotMatch(text, /:\/\/|index-url|find-links/);
        }
    });
});
