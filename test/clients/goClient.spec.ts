import * as assert from "assert";
import { execFile } from "child_process";
import { promises as fs } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { buildGo } from "../support/goProgram";
import { chain, issue, Issued } from "../support/pki";
import { Sessions } from "../support/sessions";

const run = promisify(execFile);

describe("Paho MQTT for Go", function () {
    this.timeout(60_000);
    const sessions = Sessions.hook("go-client");
    let folder: string;
    let intermediate: Issued;

    before(async function () {
        this.timeout(300_000);
        folder = await fs.mkdtemp(path.join(tmpdir(), "iot-x509-go-"));
        await buildGo(this, ".", path.join(folder, "client"));
        intermediate = await issue(sessions.root, { commonName: "Go Intermediate", ca: true });
    });

    after(() => fs.rm(folder, { recursive: true, force: true }));

    async function send(deviceId: string, presented: string, key: string): Promise<string> {
        const files = { ca: sessions.emulator.caPem, chain: presented, key };
        const names = Object.entries(files).map(async ([name, text]) => {
            const file = path.join(folder, `${name}.pem`);
            await fs.writeFile(file, text, { mode: 0o600 });
            return file;
        });
        const address = `127.0.0.1:${sessions.emulator.mqttPort}`;
        const args = [address, sessions.hub.hostName, deviceId, ...(await Promise.all(names))];
        return (await run(path.join(folder, "client"), args)).stdout.trim();
    }

    it("connects with its certificate chain, and sends telemetry", async () => {
        const deviceId = sessions.register();
        const leaf = await issue(intermediate, { commonName: deviceId });
        assert.strictEqual(await send(deviceId, chain(leaf, intermediate), leaf.key), "sent");
        const bodies = (await sessions.telemetry(deviceId)).map(({ body }) => body);
        assert.deepStrictEqual(bodies, ["from Go"]);
    });

    it("is refused at CONNECT without the chain", async () => {
        const deviceId = sessions.register();
        const leaf = await issue(intermediate, { commonName: deviceId });
        await assert.rejects(
            send(deviceId, chain(leaf), leaf.key),
            /connect: .*[Nn]ot [Aa]uthori[sz]ed/,
        );
    });
});
