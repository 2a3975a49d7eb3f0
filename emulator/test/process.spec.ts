import * as assert from "assert";
import { execFile, spawn, spawnSync } from "child_process";
import { once } from "events";
import {
    existsSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    watch,
    writeFileSync,
} from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { connect } from "net";
import { promisify } from "util";
import { EmulatorProcess } from "../../scripts/lib/emulatorProcess";
import { runTypescript } from "../../scripts/lib/runTypescript";

const run = promisify(execFile);
const repository = path.resolve(__dirname, "../..");

describe("the emulator's process", function () {
    this.timeout(60_000);
    let folder: string;
    let emulator: EmulatorProcess | undefined;

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-process-"));
    });

    afterEach(async () => {
        await emulator?.stop("SIGKILL");
        emulator = undefined;
        rmSync(folder, { recursive: true, force: true });
    });

    async function start(flags: string[] = []): Promise<EmulatorProcess> {
        emulator = await EmulatorProcess.start({ folder, flags });
        return emulator;
    }

    /** Runs a shell command as a person would who sourced the environment file. */
    function shell(one: EmulatorProcess, command: string) {
        return run("bash", ["-c", `. "$0"; ${command}`, one.ready.envFile]);
    }

    it("says where it listens in one JSON line with exactly the promised keys", async () => {
        const { ready } = await start();
        const keys = ["proxy", "mqttPort", "management", "envFile", "caFile"];
        assert.deepStrictEqual(Object.keys(ready).sort(), keys.sort());
        assert.match(ready.proxy, /^http:\/\/127\.0\.0\.1:\d+$/);
        assert.ok(ready.mqttPort > 0 && existsSync(ready.caFile) && existsSync(ready.envFile));
    });

    it("only the owner can read the environment file, which contains a secret", async () => {
        const { ready } = await start();
        assert.strictEqual(statSync(ready.envFile).mode & 0o777, 0o600);
    });

    it("warns that it is not for production", async () => {
        await start();
        assert.match(readFileSync(path.join(folder, "emulator.log"), "utf8"), /Not for production/);
    });

    it("answers curl as Azure hosts, verified by the bundle of the environment file", async () => {
        const one = await start();
        const url = "https://login.microsoftonline.com/common/discovery/instance";
        const query = "?api-version=1.1&authorization_endpoint=https://login.microsoftonline.com/x";
        const { stdout } = await shell(one, `curl -sSf '${url}${query}'`);
        assert.ok("tenant_discovery_endpoint" in JSON.parse(stdout));
    });

    it("presents OpenSSL a chain that its CA verifies, for each host name", async () => {
        const one = await start();
        const port = new URL(one.ready.proxy).port;
        for (const host of ["management.azure.com", "some-hub.azure-devices.net"]) {
            const { stdout } = await shell(
                one,
                `openssl s_client -connect 127.0.0.1:${port} -servername ${host} -verify_hostname ${host} ` +
                    `-verify_return_error -CAfile "$SSL_CERT_FILE" </dev/null 2>&1`,
            );
            assert.match(stdout, /Verify return code: 0 \(ok\)/);
        }
    });

    it("refuses to forward to any other host", async () => {
        const one = await start();
        for (const host of ["example.com:443", "management.azure.com:80", "127.0.0.1:22"]) {
            assert.match(await connectThrough(one.ready.proxy, host), /^HTTP\/1\.1 403 /);
        }
        const target = "management.azure.com:443";
        assert.match(await connectThrough(one.ready.proxy, target), /^HTTP\/1\.1 200 /);
    });

    it("the environment file's bundle adds its CA to those trusted before", async () => {
        const one = await start();
        const bundle = readFileSync(one.ready.caFile, "utf8");
        const count = bundle.split("-----BEGIN CERTIFICATE-----").length - 1;
        const before = process.env.SSL_CERT_FILE ?? "";
        const beforeCount = existsSync(before)
            ? new Set(readFileSync(before, "utf8").match(/-----BEGIN[^-]+-----[^-]+-----END/g)).size
            : 1;
        assert.ok(
            count > 1 && count >= beforeCount,
            `${count} certificates, before ${beforeCount}`,
        );
    });

    it("ends on SIGTERM with status 0 and removes its files", async () => {
        const one = await start();
        assert.strictEqual(await one.stop("SIGTERM"), 0);
        assert.ok(!existsSync(one.ready.envFile) && !existsSync(one.ready.caFile));
    });

    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
        it(`leaves no file behind when ${signal} arrives before it has started`, async () => {
            const child = spawn(process.execPath, [...runTypescript, "emulator/main.ts"], {
                cwd: repository,
                env: { ...process.env, TMPDIR: folder },
                stdio: "ignore",
            });
            const ended = once(child, "exit");
            const watcher = watch(folder);
            await once(watcher, "change");
            watcher.close();
            child.kill(signal);
            assert.deepStrictEqual(await ended, [0, null]);
            assert.deepStrictEqual(readdirSync(folder), []);
        });
    }

    it("keeps its CA, its logins and its resources in the state file", async () => {
        const state = path.join(folder, "state.json");
        const first = await start(["--state-file", state]);
        const before = first.environment();
        await first.manage("POST", "/principals", { displayName: "kept" });
        const dump = await first.manage<{ directory: unknown }>("GET", "/dump");
        await first.stop();
        assert.strictEqual(statSync(state).mode & 0o777, 0o600);
        const second = await start(["--state-file", state]);
        const after = second.environment();
        for (const name of ["ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_SUBSCRIPTION_ID"]) {
            assert.strictEqual(after[name], before[name]);
        }
        const again = await second.manage<{ directory: unknown }>("GET", "/dump");
        assert.deepStrictEqual(again.directory, dump.directory);
    });

    it("shows no secrets in its dump", async () => {
        const one = await start();
        const dump = JSON.stringify(await one.manage("GET", "/dump"));
        assert.ok(!dump.includes("PRIVATE KEY"));
        assert.ok(!dump.includes(one.environment().ARM_CLIENT_SECRET ?? "?"));
    });

    it("accepts settings, refuses unknown ones by name, and restores all on reset", async () => {
        const one = await start();
        const changed = await one.manage<{ throttling: boolean }>("PATCH", "/settings", {
            throttling: true,
        });
        assert.strictEqual(changed.throttling, true);
        await assert.rejects(one.manage("PATCH", "/settings", { throtling: true }), /"throtling/);
        await assert.rejects(one.manage("PATCH", "/settings", { throttling: 1 }), /boolean/);
        await one.manage("PUT", "/clock", { offsetSeconds: 3600 });
        await one.manage("POST", "/reset");
        const settings = await one.manage<{ throttling: boolean }>("GET", "/settings");
        const clock = await one.manage<{ offsetSeconds: number }>("GET", "/clock");
        assert.deepStrictEqual([settings.throttling, clock.offsetSeconds], [false, 0]);
    });

    const badFlags: readonly (readonly [string, string[], number, RegExp])[] = [
        [
            "a port that is not a number",
            ["--port", "x"],
            2,
            /--port "x": a port must be a whole number/,
        ],
        ["a port that is too large", ["--mqtt-port", "65536"], 2, /--mqtt-port "65536"/],
        ["a flag that does not exist", ["--prot", "1"], 2, /--prot/],
        ["a state file that is not one", ["--state-file", "bad"], 1, /not an emulator state file/],
    ];
    for (const [what, flags, expected, message] of badFlags) {
        it(`refuses ${what} and says why`, () => {
            writeFileSync(path.join(folder, "bad"), "not JSON");
            const given = flags.map((flag) => (flag === "bad" ? path.join(folder, "bad") : flag));
            const { status, stderr } = spawnSync(
                process.execPath,
                [...runTypescript, "emulator/main.ts", ...given],
                { cwd: repository, encoding: "utf8" },
            );
            assert.strictEqual(status, expected);
            assert.match(stderr, message);
        });
    }

    it("names the flags when a port is in use", async () => {
        const { ready } = await start();
        const args = ["--mqtt-port", String(ready.mqttPort)];
        const { status, stderr } = spawnSync(
            process.execPath,
            [...runTypescript, "emulator/main.ts", ...args],
            { cwd: repository, encoding: "utf8" },
        );
        assert.strictEqual(status, 1);
        assert.match(stderr, new RegExp(`port ${ready.mqttPort} is in use.*--mqtt-port`));
    });
});

/** The proxy's first answer to a CONNECT. */
function connectThrough(proxy: string, target: string): Promise<string> {
    const { hostname, port } = new URL(proxy);
    return new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => {
            socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
        });
        socket.once("data", (data) => {
            resolve(data.toString("utf8"));
            socket.destroy();
        });
        socket.once("error", reject);
    });
}
