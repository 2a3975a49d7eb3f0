import { strict as assert } from "assert";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { inventoryRows } from "../../../../cli/inventory/inventory";
import { readIssued } from "../../../../cli/inventory/issuedFile";
import { AuditLog, IssuedRecord } from "../../../../est/audit";
import { issue, Issued, makeCa } from "../../../support/pki";

const day = 24 * 3600 * 1000;
const now = new Date();

describe("the inventory of what the EST service issued", () => {
    let folder: string;
    let file: string;
    let ca: Issued;
    let certificates: Issued[];

    before(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-issued-"));
        file = path.join(folder, "audit.jsonl");
        ca = await makeCa({ commonName: "Pumps G2" });
        certificates = await Promise.all(
            [-1, 20, 80].map((left) =>
                issue(ca, {
                    commonName: "pump-1",
                    notBefore: new Date(now.getTime() - 90 * day),
                    notAfter: new Date(now.getTime() + left * day),
                }),
            ),
        );
        const log = await AuditLog.open(file);
        await Promise.all(certificates.map((one, index) => log.write(record(one, index))));
        await log.close();
    });

    after(() => rmSync(folder, { recursive: true }));

    function record({ certificate, thumbprint256 }: Issued, index: number): IssuedRecord {
        return {
            at: new Date(now.getTime() - (10 - index) * day).toISOString(),
            event: "issued",
            device: "pump-1",
            group: "pumps",
            issuer: "pumps-g2",
            by: "certificate",
            serial: "01",
            thumbprint: thumbprint256,
            renewed: null,
            notAfter: now.toISOString(),
            certificate,
        };
    }

    const held = { authorities: [], devices: [], hub: undefined, service: undefined };

    it("has the latest as the device's, earlier ones that are still valid as former", () => {
        const issued = readIssued([file]);
        const rows = inventoryRows({ held, configured: [], azure: undefined, issued, now });
        assert.deepEqual(
            rows.map(({ kind, name, generation, sha256Thumbprint, knownFrom }) => [
                kind,
                name,
                generation,
                sha256Thumbprint,
                knownFrom,
            ]),
            [
                ["device", "pump-1", 2, certificates[2].thumbprint256, ["est"]],
                ["former", "pump-1", 2, certificates[1].thumbprint256, ["est"]],
            ],
        );
        assert.equal(rows[0].daysLeft, 79);
        assert.equal(rows[0].group, "pumps", "nothing else says which group's CA signed it");
    });

    it("is newer than what the state has", () => {
        const { certificate, x509, thumbprint, thumbprint256 } = certificates[1];
        assert.ok(certificate);
        const text = {
            subject: "CN=pump-1",
            issuer: "CN=Pumps G2",
            sha1Thumbprint: thumbprint,
            sha256Thumbprint: thumbprint256,
            serial: x509.serialNumber,
            notBefore: new Date(x509.validFrom).toISOString(),
            notAfter: new Date(x509.validTo).toISOString(),
        };
        const device = {
            id: "pump-1",
            group: "pumps",
            certificate: text,
            generation: 2,
            former: [],
        };
        const other = path.join(folder, "other.jsonl");
        writeFileSync(other, `${JSON.stringify(record(certificates[2], 2))}\n{"at":"20`);
        const rows = inventoryRows({
            held: { ...held, devices: [device] },
            configured: [],
            azure: undefined,
            issued: readIssued([other]),
            now,
        });
        assert.deepEqual(
            rows.map(({ kind, knownFrom }) => [kind, knownFrom]),
            [
                ["device", ["est"]],
                ["former", ["state"]],
            ],
        );
    });

    it("is found among the lines of the service's log, as a container's output has them", () => {
        const output = path.join(folder, "output.jsonl");
        const lines = [
            { event: "started", stack: "prod" },
            record(certificates[2], 2),
            { event: "refused", reason: "tooEarly", status: 403 },
        ];
        writeFileSync(output, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
        const [one, ...others] = readIssued([output]).get("pump-1") ?? [];
        assert.equal(one.sha256Thumbprint, certificates[2].thumbprint256);
        assert.deepEqual(others, []);
    });

    it("needs a file of the service", () => {
        const other = path.join(folder, "wrong.jsonl");
        writeFileSync(other, "id,group\npump-1,pumps\n");
        assert.throws(() => readIssued([other]), /wrong\.jsonl:1 is no line of an audit log/);
        assert.throws(() => readIssued([path.join(folder, "none")]), /cannot be read \(ENOENT\)/);
    });
});
