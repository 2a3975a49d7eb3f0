import * as assert from "assert";
import * as fs from "fs";
import { Outcome, Sandbox } from "./sandbox";

/** The command, and an argument that is wrong beside an option that does not exist. */
const commands: readonly [name: string, wrong: readonly string[], message: RegExp][] = [
    ["setup", ["now"], /unexpected argument "now"/],
    [
        "emulator",
        ["--port", "70000"],
        /--port "70000": a port must be a whole number from 0 to 65535/,
    ],
    ["demo", ["dev"], /unexpected argument "dev"/],
    ["plan", ["--stack"], /'--stack <value>' argument missing/],
    ["inventory", ["now"], /unexpected argument "now"/],
    ["rollover", ["now"], /unexpected argument "now"/],
    ["expiry", ["now"], /unexpected argument "now"/],
    ["diff", ["--fail-on", "deletes"], /--fail-on "deletes": access-lost, delete=N, replace/],
    [
        "est",
        ["--certificate", "a.pem", "--key", "a.key", "--listen", "8443"],
        /--listen "8443": must be HOST:PORT/,
    ],
    ["report", ["--output="], /--output: name the file to write/],
    ["test", ["test/none.spec.ts"], /"test\/none\.spec\.ts" is neither a file nor a folder/],
    ["bench", ["--divide", "none"], /--divide "none": must be a whole number from 1/],
    [
        "load",
        ["everything"],
        /"everything" is none of connections, registrations, enrolments, year/,
    ],
    ["load", ["year", "--days", "8"], /--days "8": must be a whole number, 1 to 7/],
];

describe("an npm command, before set-up", () => {
    let sandbox: Sandbox;

    before(() => {
        sandbox = new Sandbox();
        fs.rmSync(`${sandbox.project}/node_modules`, { recursive: true });
    });

    after(() => sandbox.remove());

    /** As npm runs it; nothing may have been set up. */
    async function run(name: string, ...args: string[]): Promise<Outcome> {
        const manifest = JSON.parse(fs.readFileSync(`${sandbox.project}/package.json`, "utf8")) as {
            scripts: Record<string, string>;
        };
        const script = manifest.scripts[name].split(" ");
        const outcome = await sandbox.spawn("bash", [script[2], ...args]).ended;
        assert.deepStrictEqual(script.slice(0, 2), ["exec", "bash"]);
        assert.deepStrictEqual(sandbox.localNames(), []);
        return outcome;
    }

    for (const [name, wrong, message] of commands) {
        const npm = name === "test" ? "npm test" : `npm run ${name}`;

        it(`${npm} -- --help prints the usage and exits with status 0`, async () => {
            const { status, output } = await run(name, "--help");
            assert.strictEqual(status, 0);
            assert.match(
                output,
                new RegExp(`^Usage: ${npm} -- .*\n[^]*--help {2,}show this text\n`),
            );
        });

        it(`${npm} refuses an unknown option and a wrong argument with status 2`, async () => {
            const unknown = await run(name, "--helpp");
            assert.strictEqual(unknown.status, 2);
            assert.match(unknown.output, new RegExp(`^${name}: Unknown option '--helpp'\n\nUsage`));
            const other = await run(name, ...wrong);
            assert.strictEqual(other.status, 2);
            assert.match(other.output, message);
        });
    }

    it("npm run emulator leaves an --env-file that does not exist yet to the emulator", async () => {
        const { status, output } = await run("emulator", "--env-file", "none.env", "--help");
        assert.strictEqual(status, 0, output);
        assert.match(output, /^Usage: npm run emulator/);
    });

    it("npm run plan says that the packages are missing", async () => {
        const { status, output } = await run("plan");
        assert.strictEqual(status, 1);
        assert.match(output, /^plan: the npm packages are not installed — run: npm ci/);
    });
});
