import * as assert from "assert";
import { ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import { connect, createServer } from "net";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { processTree, survivors } from "../support/processes";
import { Sandbox } from "./sandbox";

const signals: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP"];
const endMilliseconds = 5_000;

describe("a signal", function () {
    this.timeout(60_000);
    let sandbox: Sandbox;
    let started: ChildProcess | undefined;

    before(async () => {
        sandbox = new Sandbox();
        await sandbox.takeEmulator();
    });

    afterEach(() => {
        for (const pid of started?.pid === undefined ? [] : processTree(started.pid)) {
            kill(pid, "SIGKILL");
        }
        started = undefined;
    });

    after(() => sandbox.remove());

    /** `npm run emulator`, ready, with a client that has said nothing yet at its device port. */
    async function startEmulator(): Promise<{ npm: ChildProcess; port: number }> {
        const port = await freePort();
        const args = ["run", "emulator", "--", "--mqtt-port", String(port)];
        const { child: npm } = sandbox.spawn("npm", args);
        started = npm;
        await until(() => canConnect(port));
        connect(port, "127.0.0.1").on("error", () => undefined);
        return { npm, port };
    }

    const targets: readonly [string, (npm: ChildProcess, tree: readonly number[]) => number][] = [
        ["npm", (npm) => npm.pid as number],
        ["the process that npm started", (_, tree) => tree[1]],
        ["the process group", (npm) => -(npm.pid as number)],
    ];
    for (const [name, target] of targets) {
        for (const signal of name === "npm" ? signals : signals.slice(0, 1)) {
            it(`${signal} to ${name} ends npm run emulator and frees its port`, async () => {
                const { npm, port } = await startEmulator();
                const tree = processTree(npm.pid as number);
                assert.ok(tree.length > 1);
                process.kill(target(npm, tree), signal);
                assert.deepStrictEqual(await survivors(tree, endMilliseconds), []);
                assert.ok(!(await canConnect(port)));
            });
        }
    }

    it("SIGKILL, which npm cannot pass on, also ends what npm started", async () => {
        const { npm, port } = await startEmulator();
        const tree = processTree(npm.pid as number);
        npm.kill("SIGKILL");
        assert.deepStrictEqual(await survivors(tree, endMilliseconds), []);
        assert.ok(!(await canConnect(port)));
    });

    it("ends the wait for another set-up", async () => {
        const holder = spawn("bash", [
            "-c",
            `exec 9>>"${path.join(sandbox.local, "setup.lock")}"; flock 9; echo; exec sleep 60`,
        ]);
        await new Promise((resolve) => holder.stdout.once("data", resolve));
        try {
            const { child, ended } = sandbox.spawn("bash", ["scripts/emulator.sh"]);
            started = child;
            const tree = await until(() => {
                const found = processTree(child.pid as number);
                return found.length >= 3 ? found : undefined;
            });
            child.kill("SIGTERM");
            assert.deepStrictEqual(await survivors(tree, endMilliseconds), []);
            assert.strictEqual((await ended).status, 143);
        } finally {
            holder.kill("SIGKILL");
        }
    });

    for (const signal of signals.slice(0, 2)) {
        it(`${signal} during set-up ends what set-up started`, async () => {
            const fresh = new Sandbox();
            try {
                const note = path.join(fresh.top, "building");
                fresh.go({ during: `trap '' TERM; echo $$ > ${note}; sleep 600; sleep 600` });
                const { child, ended } = fresh.spawn("bash", ["scripts/demo.sh"]);
                started = child;
                await until(() => fs.existsSync(note) && fs.readFileSync(note, "utf8") !== "");
                const tree = processTree(child.pid as number);
                assert.ok(tree.includes(Number(fs.readFileSync(note, "utf8"))));
                child.kill(signal);
                assert.deepStrictEqual(await survivors(tree, endMilliseconds), []);
                assert.ok([129, 130, 143].includes((await ended).status ?? 0));
                assert.deepStrictEqual(
                    fresh.localNames().filter((name) => name.startsWith("tmp-")),
                    [],
                );
            } finally {
                fresh.remove();
            }
        });
    }
});

function kill(pid: number, signal: NodeJS.Signals): void {
    try {
        process.kill(pid, signal);
    } catch {
        // It has ended.
    }
}

async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
    for (;;) {
        const found = await look();
        if (found) {
            return found;
        }
        await sleep(50);
    }
}

function freePort(): Promise<number> {
    return new Promise((resolve) => {
        const server = createServer().listen(0, "127.0.0.1", () => {
            const { port } = server.address() as { port: number };
            server.close(() => resolve(port));
        });
    });
}

function canConnect(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1");
        socket.once("connect", () => {
            socket.destroy();
            resolve(true);
        });
        socket.once("error", () => resolve(false));
    });
}
