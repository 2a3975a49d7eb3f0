import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { AuditLog, IssuedRecord } from "../../../est/audit";

function record(device: string): IssuedRecord {
    return {
        at: "2027-01-10T06:00:00.000Z",
        event: "issued",
        device,
        group: "pumps",
        issuer: "pumps-g1",
        by: "certificate",
        serial: "01",
        thumbprint: "AB".repeat(32),
        renewed: null,
        notAfter: "2027-04-10T06:00:00.000Z",
        certificate: "C".repeat(600),
    };
}

describe("the audit log of the EST service", () => {
    let folder: string;
    let file: string;

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-audit-"));
        file = path.join(folder, "audit.jsonl");
    });

    afterEach(() => rmSync(folder, { recursive: true }));

    async function write(...devices: string[]): Promise<void> {
        const log = await AuditLog.open(file);
        await Promise.all(devices.map((device) => log.write(record(device))));
        await log.close();
    }

    /** Each line has to be JSON. */
    const devices = () =>
        readFileSync(file, "utf8")
            .split("\n")
            .slice(0, -1)
            .map((line) => (JSON.parse(line) as IssuedRecord).device);

    it("is gone on with by the next start", async () => {
        await write("pump-1", "pump-2");
        await write("pump-3");
        assert.deepEqual(devices(), ["pump-1", "pump-2", "pump-3"]);
    });

    it("loses a last line that is cut off, wherever that is, and no other", async () => {
        const line = JSON.stringify(record("pump-2"));
        for (const length of [1, 5, 100, line.length]) {
            rmSync(file, { force: true });
            await write("pump-1");
            appendFileSync(file, line.slice(0, length));
            await write("pump-3");
            assert.deepEqual(devices(), ["pump-1", "pump-3"], `${length} bytes`);
        }
    });

    it("refuses a file that ends with something else, and leaves it as it is", async () => {
        for (const text of [
            "-----BEGIN CERTIFICATE-----",
            "a line\nand a half",
            "x".repeat(70_000),
        ]) {
            writeFileSync(file, text);
            await assert.rejects(AuditLog.open(file), /no line of an audit log/);
            assert.equal(readFileSync(file, "utf8"), text);
        }
    });

    it("has whole lines alone after a disk was full", () => {
        const script = `
            const { AuditLog } = require("./est/audit");
            AuditLog.open(process.argv[1]).then(async (log) => {
                let written = 0;
                try {
                    for (;;) {
                        await log.write(JSON.parse(process.argv[2]));
                        written++;
                    }
                } catch (error) {
                    await log.write({}).catch(() => undefined);
                    console.log(error.code, written);
                }
            });`;
        // 4 KB a file.
        const limited =
            'ulimit -f 4; exec "$0" -r ts-node/register/transpile-only -e "$1" "$2" "$3"';
        const args = [process.execPath, script, file, JSON.stringify(record("pump-1"))];
        const out = execFileSync("bash", ["-c", limited, ...args], {
            cwd: path.resolve(__dirname, "../../.."),
            encoding: "utf8",
        });
        const [, written] = /^EFBIG (\d+)$/m.exec(out) ?? [];
        assert.ok(Number(written) > 0, out);
        const lines = readFileSync(file, "utf8").trimEnd().split("\n");
        assert.ok(lines.length >= Number(written));
        lines.forEach((line) => JSON.parse(line));
    });
});
