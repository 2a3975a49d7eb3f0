import * as assert from "assert";
import { spawn } from "child_process";
import * as path from "path";
import { repository } from "../../scripts/lib/toolchain";
import { nodeFolder, requirePulumi } from "../support/tools";

interface Outcome {
    readonly status: number | null;
    readonly output: string;
}

/** `npm run demo` as somebody with that `node` first on PATH runs it, without this test's emulator. */
function demo(folder: string): Promise<Outcome> {
    const inherited = Object.entries(process.env).filter(
        ([name]) => !/^(ARM|AZURE|EMULATOR|npm)_|PROXY$|^NODE_|_CA_BUNDLE$|^SSL_CERT/i.test(name),
    );
    const child = spawn("bash", [path.join(repository, "scripts/demo.sh")], {
        env: {
            ...Object.fromEntries(inherited),
            PATH: `${folder}${path.delimiter}${process.env.PATH}`,
        },
        stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output += data.toString()));
    return new Promise((resolve) => child.on("close", (status) => resolve({ status, output })));
}

describe("npm run demo", function () {
    this.timeout(600_000);

    before(function () {
        requirePulumi(this);
    });

    for (const major of ["20", "22", "24"]) {
        it(`succeeds on Node.js ${major}`, async function () {
            const { status, output } = await demo(nodeFolder(this, major));
            assert.strictEqual(status, 0, output);
            const [, engine] = /^Engine: (.*)$/m.exec(output) ?? [];
            assert.match(engine, /^Pulumi \d.*Node\.js .*plugins tls .*azure-native/, output);
            assert.match(output, new RegExp(`^Node\\.js v${major}\\.`, "m"));
            assert.match(output, /✓ pulumi destroy: the emulator is empty\n$/);
            assert.doesNotMatch(output, /skipped/);
        });
    }
});
