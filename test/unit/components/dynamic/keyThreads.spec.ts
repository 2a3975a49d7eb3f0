import { strict as assert } from "assert";
import { execFile } from "child_process";
import * as paths from "path";
import { promisify } from "util";
import { DynamicHost } from "../../../support/dynamicHost";
import { makeCa } from "../../../support/pki";
import { skip } from "../../../support/skip";
import { ProjectFolder } from "../../stacks/config/configSupport";

const repository = paths.resolve(__dirname, "../../../..");
const execute = promisify(execFile);

/** What a process saw of its own threads and of its clock while it made keys. */
interface Seen {
    /** Threads that the first key started. */
    readonly started: number;
    /** How many of them computed for at least a hundredth of a second. */
    readonly working: number;
    /** Ticks of a clock of 10 ms while the keys were made. */
    readonly ticks: number;
    readonly keys: readonly string[];
}

/** Loads what Pulumi's provider host loads, and makes keys as a device's certificate does. */
const program = `
const { readdirSync, readFileSync } = require("fs");
const os = require("os");
os.availableParallelism = () => Number(process.argv[1]);
require("./components/dynamic/load");
const { makeKeyPair } = require("./components/x509/issue");
const threads = () => readdirSync("/proc/self/task");
const ticksOf = (id) => {
    const fields = readFileSync("/proc/self/task/" + id + "/stat", "utf8").split(") ")[1].split(" ");
    return Number(fields[11]) + Number(fields[12]);
};
(async () => {
    const before = threads();
    let ticks = 0;
    const clock = setInterval(() => ticks++, 10);
    const making = Array.from({ length: Number(process.argv[2]) }, () => makeKeyPair("RSA-2048"));
    await new Promise(setImmediate);
    const started = threads().filter((id) => !before.includes(id));
    const keys = await Promise.all(making);
    clearInterval(clock);
    console.log(JSON.stringify({
        started: started.length,
        working: started.filter((id) => ticksOf(id) > 0).length,
        ticks,
        keys: keys.map(({ privateKeyPem }) => privateKeyPem.split("\\n")[0]),
    }));
})();
`;

/** Asks the same threads for something else while many keys wait, and says how many were made before the answer. */
const queueing = `
require("os").availableParallelism = () => 2;
require("./components/dynamic/load");
const { makeKeyPair } = require("./components/x509/issue");
const { scrypt } = require("crypto");
(async () => {
    let made = 0;
    const making = Array.from({ length: 16 }, () => makeKeyPair("RSA-2048").then(() => made++));
    await new Promise(setImmediate);
    await new Promise((done) => scrypt("password", "salt", 32, done));
    console.log(made);
    await Promise.all(making);
})();
`;

/** Says how many threads the process has before and after each call that makes a key. */
const watch = `
const { readdirSync } = require("fs");
const crypto = require("crypto");
require("os").availableParallelism = () => 7;
const threads = () => readdirSync("/proc/self/task").length;
crypto.generateKeyPair = new Proxy(crypto.generateKeyPair, {
    apply(make, self, args) {
        const before = threads();
        make.apply(self, args);
        console.error("threads " + before + " " + threads());
    },
});
`;

describe("keys of devices are generated on libuv's threads", function () {
    this.timeout(120_000);

    before(function () {
        if (process.platform !== "linux") {
            skip(this, "it counts threads in /proc, which Linux has");
        }
    });

    async function makeKeys(processors: number, count: number, poolSize?: string): Promise<Seen> {
        const args = ["-e", program, String(processors), String(count)];
        const { stdout } = await execute(process.execPath, args, {
            cwd: repository,
            env: { ...process.env, UV_THREADPOOL_SIZE: poolSize },
        });
        return JSON.parse(stdout) as Seen;
    }

    it("one for each of 6 processors and one for others, while the main thread stays free", async () => {
        const { started, working, ticks, keys } = await makeKeys(6, 18);
        assert.equal(started, 7);
        assert.ok(working >= 6, `${working} working`);
        assert.deepEqual(keys, Array(18).fill("-----BEGIN PRIVATE KEY-----"));
        assert.ok(ticks >= 5, `${ticks} ticks`);
    });

    it("work after 16 keys does not wait for them", async () => {
        const { stdout } = await execute(process.execPath, ["-e", queueing], {
            cwd: repository,
            env: { ...process.env, UV_THREADPOOL_SIZE: undefined },
        });
        assert.ok(Number(stdout) < 8, `${stdout.trim()} keys came first`);
    });

    it("one processor keeps Node.js's four threads", async () => {
        assert.equal((await makeKeys(1, 1)).started, 4);
    });

    it("a given UV_THREADPOOL_SIZE is respected", async () => {
        assert.equal((await makeKeys(6, 1, "2")).started, 2);
    });

    it("Pulumi's provider host starts no thread before the number is set", async () => {
        const folder = new ProjectFolder();
        const { NODE_OPTIONS: options, UV_THREADPOOL_SIZE: size } = process.env;
        folder.write("watch.js", watch);
        const set = (name: string, value: string | undefined): void => {
            if (value === undefined) {
                delete process.env[name];
            } else {
                process.env[name] = value;
            }
        };
        set("NODE_OPTIONS", `${options ?? ""} --require ${folder.path}/watch.js`.trim());
        set("UV_THREADPOOL_SIZE", undefined);
        try {
            const host = await DynamicHost.start();
            try {
                const signer = await makeCa({ commonName: "Thread CA" });
                const { certificate, key } = signer;
                await host.create(
                    await host.checked("pki/issuer", {
                        digest: "a-digest",
                        signer: { certificate, key },
                    }),
                );
                const request = {
                    deviceId: "pump-01",
                    organization: "Contoso",
                    validityDays: 20,
                    renewBeforeDays: 5,
                    keyAlgorithm: "RSA-2048",
                    keyGeneration: 1,
                };
                const inputs = await host.checked("pki/deviceCertificate", {
                    issuer: "a-digest",
                    request,
                });
                await Promise.all(Array.from({ length: 3 }, () => host.create(inputs)));
                const started = host.lines
                    .map((line) => /^threads (\d+) (\d+)$/.exec(line))
                    .flatMap((counts) => (counts === null ? [] : [+counts[2] - +counts[1]]));
                assert.deepEqual(started, [8, 0, 0]);
            } finally {
                await host.stop();
            }
        } finally {
            set("NODE_OPTIONS", options);
            set("UV_THREADPOOL_SIZE", size);
            folder.remove();
        }
    });
});
