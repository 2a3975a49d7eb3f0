import { strict as assert } from "assert";
import { promises as fs, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "fs";
import { request } from "http";
import { tmpdir } from "os";
import * as path from "path";
import { text } from "stream/consumers";
import { writeEnvironment } from "../environment";
import { loadSnapshot, saveSnapshot, Snapshot } from "../snapshot";
import { PrivateEmulator, startPrivate } from "../../test/support/emulator";
import { addDevice, addHub } from "../../test/support/hubs";
import { addService } from "../../test/support/provisioningService";

describe("the emulator's management API: who may use it, and what it does not disclose", function () {
    this.timeout(30_000);
    let azure: PrivateEmulator;
    let port: number;

    before(async () => {
        azure = await startPrivate();
        port = azure.emulator.ports.management;
    });
    after(() => azure.stop());

    async function ask(headers: Record<string, string>, method = "GET", route = "/health") {
        const call = request({ host: "127.0.0.1", port, method, path: route, headers });
        const answer = new Promise<{ status?: number; text: string }>((resolve, reject) => {
            call.on("error", reject);
            call.on("response", (response) => {
                void text(response).then((body) =>
                    resolve({ status: response.statusCode, text: body }),
                );
            });
        });
        call.end();
        return answer;
    }

    it("accepts loopback names with its own port, and its own pages", async () => {
        for (const name of ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]) {
            const host = `${name}:${port}`;
            assert.equal((await ask({ host })).status, 200, host);
            assert.equal((await ask({ host, origin: `http://${host}` })).status, 200, host);
        }
    });

    it("refuses a foreign name that resolves to loopback", async () => {
        const foreign = [
            "evil.example",
            `evil.example:${port}`,
            `localhost.evil.example:${port}`,
            `127.0.0.1.evil.example:${port}`,
            `evil.example@127.0.0.1:${port}`,
            "localhost",
            `localhost:${port + 1}`,
            `10.0.0.1:${port}`,
        ];
        for (const host of foreign) {
            const { status, text: body } = await ask({ host });
            assert.equal(status, 403, host);
            const { error } = JSON.parse(body) as { error: string };
            assert.match(error, /^Host is ".*", but the management API accepts only 127\.0\.0\.1:/);
        }
    });

    it("refuses requests from foreign web pages before they have an effect", async () => {
        const host = `127.0.0.1:${port}`;
        addHub(azure.emulator, "stays");
        const foreign = ["https://evil.example", "null", `https://${host}`, "http://127.0.0.1:1"];
        for (const origin of foreign) {
            const { status, text: body } = await ask({ host, origin }, "POST", "/reset");
            assert.equal(status, 403, origin);
            const { error } = JSON.parse(body) as { error: string };
            assert.match(
                error,
                /^Origin is ".*", but the management API accepts no web pages but its own/,
            );
        }
        assert.ok(azure.emulator.context.hubs.get("stays"));
    });

    it("omits keys and connection strings from its dump; a state file keeps them", async () => {
        const hub = addHub(azure.emulator, "dumped", {
            routing: { endpoints: { eventHubs: [{ connectionString: "Endpoint=sb://x;k=y" }] } },
        });
        const device = addDevice(hub, "with-keys", "sas");
        const service = addService(azure.emulator, "dumped", [hub]);
        const secrets = [
            ...hub.policies.flatMap((one) => [one.primaryKey, one.secondaryKey]),
            device.authentication.symmetricKey.primaryKey,
            ...service.linkedHubs.map((one) => one.connectionString),
            azure.emulator.deployer.clientSecret,
            "Endpoint=sb://x;k=y",
            "BEGIN PRIVATE KEY",
        ].map(String);
        const shown = JSON.stringify(await azure.manage("GET", "/dump"));
        const kept = JSON.stringify(azure.emulator.snapshot());
        for (const secret of secrets) {
            assert.ok(kept.includes(secret), secret);
            assert.ok(!shown.includes(secret), secret);
        }
        assert.ok(shown.includes('"keyName":"[left out]"'));
        assert.ok(shown.includes("with-keys"));
    });

    describe("files", () => {
        let folder: string;
        beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "iot-x509-files-"))));
        afterEach(() => rmSync(folder, { recursive: true, force: true }));

        const mode = (file: string): number => statSync(file).mode & 0o777;

        /** Whoever opened it before holds what was in it then, and nothing else. */
        async function isReplaced(file: string, write: () => Promise<unknown>): Promise<void> {
            writeFileSync(file, "before", { mode: 0o644 });
            const opened = await fs.open(file, "r");
            try {
                await write();
                assert.equal(await opened.readFile("utf8"), "before");
            } finally {
                await opened.close();
            }
        }

        it("the environment file is a new one with mode 600, whatever existed before", async () => {
            const file = path.join(folder, "environment");
            await isReplaced(file, () => writeEnvironment(azure.emulator, "127.0.0.1", file));
            assert.equal(mode(file), 0o600);
            assert.match(await fs.readFile(file, "utf8"), /^export HTTPS_PROXY=/);
            assert.deepEqual((await fs.readdir(folder)).sort(), [
                "environment",
                "environment.ca.pem",
            ]);
        });

        it("the environment file is not written through a link", async () => {
            const file = path.join(folder, "environment");
            writeFileSync(path.join(folder, "elsewhere"), "before");
            symlinkSync(path.join(folder, "elsewhere"), file);
            await writeEnvironment(azure.emulator, "127.0.0.1", file);
            assert.equal(await fs.readFile(path.join(folder, "elsewhere"), "utf8"), "before");
            assert.equal(mode(file), 0o600);
        });

        it("a state file has mode 600 and all secrets, whatever existed before", async () => {
            const file = path.join(folder, "state");
            const snapshot = azure.emulator.snapshot();
            await isReplaced(file, () => saveSnapshot(file, snapshot));
            assert.equal(mode(file), 0o600);
            const expected = JSON.parse(JSON.stringify(snapshot)) as Snapshot;
            assert.deepEqual(await loadSnapshot(file), expected);
        });
    });
});
