import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { X509Certificate } from "crypto";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import { join } from "path";
import type { DeviceRecord } from "../../../components/registry/registry";
import { AuditLog } from "../../../est/audit";
import type { EstGroup } from "../../../est/policy";
import { Refusal, RefusalReason } from "../../../est/refusal";
import { EstService } from "../../../est/service";
import { KeySigner } from "../../../est/signer";
import { issue, Issued, makeCa } from "../../support/pki";

const day = 24 * 3600 * 1000;

type Tags = Readonly<Record<string, unknown>>;

/** One device on a hub that is a map of tags here, and OpenSSL's requests. */
describe("the EST service and a device's twin", () => {
    let first: Issued;
    let second: Issued;
    let ended: Issued;
    let request: Buffer;
    let audit: AuditLog;
    const folder = mkdtempSync(join(tmpdir(), "est-service-"));

    before(async () => {
        audit = await AuditLog.open(join(folder, "audit.jsonl"));
        const make = (commonName: string, left: number) =>
            makeCa({
                commonName,
                notBefore: new Date(Date.now() - 200 * day),
                notAfter: new Date(Date.now() + left * day),
            });
        first = await make("Pumps G1", 400);
        second = await make("Pumps G2", 400);
        ended = await make("Pumps G3", -1);
        request = execFileSync(
            "openssl",
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=pump-1 -outform DER".split(
                " ",
            ),
            { stdio: ["ignore", "pipe", "ignore"] },
        );
    });

    after(async () => {
        await audit.close();
        rmSync(folder, { recursive: true });
    });

    function serve(present: Issued, name: string) {
        const issuer = { name, certificatePem: present.certificate };
        const trusted = [issuer, { name: "pumps-g1", certificatePem: first.certificate }];
        const group: EstGroup = {
            ...{ name: "pumps", isBlocked: false, validityDays: 90, renewBeforeDays: 30 },
            ...{
                isProvisioned: true,
                hasIdentityCertificates: false,
                trusted,
                issuer,
                rootPem: undefined,
            },
            ...{ bootstrapPem: undefined, secrets: new Map() },
        };
        const patches: Tags[] = [];
        const record: DeviceRecord = {
            deviceId: "pump-1",
            status: "enabled",
            authentication: { type: "certificateAuthority" },
            tags: {},
        };
        const signer = new KeySigner();
        signer.add(issuer, present.key);
        const service = new EstService({
            policy: () => ({
                groups: new Map([["pumps", group]]),
                devices: new Map(),
                subject: {},
                graceDays: 0,
                repeatHours: 24,
            }),
            signer,
            directory: {
                find: async () => ({
                    record,
                    mark: async (patchOf) => void patches.push(patchOf(record)),
                    authenticate: async () => undefined,
                }),
            },
            audit,
            onIssued: () => undefined,
        });
        return { service, patches };
    }

    async function enroll(service: EstService): Promise<Buffer> {
        const leaf = await issue(first, {
            commonName: "pump-1",
            notBefore: new Date(Date.now() - 80 * day),
            notAfter: new Date(Date.now() + 10 * day),
        });
        const { body } = await service.enroll({
            group: "pumps",
            certificate: leaf.x509.raw,
            authorization: undefined,
            body: Buffer.from(request.toString("base64")),
        });
        return Buffer.from(body, "base64");
    }

    it("a note says which CA signed what was issued, and until when it lasts", async () => {
        const { service, patches } = serve(second, "pumps-g2");
        const pem = execFileSync("openssl", ["pkcs7", "-inform", "DER", "-print_certs"], {
            input: await enroll(service),
        });
        const leaf = new X509Certificate(pem);
        assert.ok(leaf.checkIssued(second.x509));
        const { issued } = patches[1].iotX509Est as { issued: Record<string, Tags> };
        const [[thumbprint, note]] = Object.entries(issued);
        assert.equal(thumbprint, leaf.fingerprint256.replace(/:/g, ""));
        assert.deepEqual([note.group, note.generation], ["pumps", 2]);
        assert.equal(Date.parse(String(note.notAfter)), Date.parse(leaf.validTo));
    });

    it("nothing is marked as used when the group's CA has expired", async () => {
        const { service, patches } = serve(ended, "pumps-g3");
        await assert.rejects(enroll(service), (error) => {
            assert.ok(error instanceof Refusal);
            assert.equal(error.reason, "caExpired" satisfies RefusalReason);
            assert.equal(error.status, 503);
            assert.match(error.message, /pumps-g3 expired on .* raise intermediate\.generation/);
            return true;
        });
        assert.deepEqual(patches, []);
    });
});
