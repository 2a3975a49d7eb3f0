import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { createHash, X509Certificate } from "crypto";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import { join } from "path";
import type { DeviceRecord } from "../../../components/registry/registry";
import { AuditLog } from "../../../est/audit";
import type { EstGroup } from "../../../est/policy";
import { Refusal, RefusalReason } from "../../../est/refusal";
import { EstService } from "../../../est/service";
import { readUntold } from "../../../est/untold";
import { WaitingNotes } from "../../../est/waitingNotes";
import { KeySigner } from "../../../est/signer";
import { issue, Issued, makeCa } from "../../support/pki";

const day = 24 * 3600 * 1000;

const enabled = { deviceId: "pump-1", status: "enabled" as const };

type Tags = Readonly<Record<string, unknown>>;

/** One device on a hub that is a map of tags here, and OpenSSL's requests. */
describe("the EST service and a device's twin", () => {
    let first: Issued;
    let second: Issued;
    let ended: Issued;
    let request: Buffer;
    /** With another key. */
    let other: Buffer;
    let audit: AuditLog;
    let logFile: string;
    const folder = mkdtempSync(join(tmpdir(), "est-service-"));

    before(async () => {
        const make = (commonName: string, left: number) =>
            makeCa({
                commonName,
                notBefore: new Date(Date.now() - 200 * day),
                notAfter: new Date(Date.now() + left * day),
            });
        first = await make("Pumps G1", 400);
        second = await make("Pumps G2", 400);
        ended = await make("Pumps G3", -1);
        [request, other] = [1, 2].map(() =>
            execFileSync(
                "openssl",
                "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=pump-1 -outform DER".split(
                    " ",
                ),
                { stdio: ["ignore", "pipe", "ignore"] },
            ),
        );
    });

    beforeEach(async () => {
        logFile = join(mkdtempSync(join(folder, "log-")), "audit.jsonl");
        audit = await AuditLog.open(logFile);
    });

    afterEach(() => audit.close());

    after(() => rmSync(folder, { recursive: true }));

    /** As a hub merges tags: null removes. */
    function merged(tags: Tags, patch: Tags): Tags {
        const all: Record<string, unknown> = { ...tags };
        for (const [key, value] of Object.entries(patch)) {
            if (value === null) {
                delete all[key];
            } else if (typeof value === "object") {
                all[key] = merged((all[key] ?? {}) as Tags, value as Tags);
            } else {
                all[key] = value;
            }
        }
        return all;
    }

    function serve(present: Issued, name: string, waiting = new WaitingNotes()) {
        const issuer = { name, certificatePem: present.certificate };
        const trusted = [issuer, { name: "pumps-g1", certificatePem: first.certificate }];
        const secret = { sha256: createHash("sha256").update("once").digest("hex") };
        const group: EstGroup = {
            ...{ name: "pumps", isBlocked: false, validityDays: 90, renewBeforeDays: 30 },
            ...{
                isProvisioned: true,
                hasIdentityCertificates: false,
                trusted,
                issuer,
                rootPem: undefined,
            },
            bootstrapPem: undefined,
            secrets: new Map([["pump-1", { ...secret, expires: "2099-01-01T00:00:00Z" }]]),
        };
        const hub: { record: DeviceRecord | undefined; writes: number } = {
            record: { ...enabled, authentication: { type: "certificateAuthority" }, tags: {} },
            writes: 0,
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
                find: async () => {
                    const { record } = hub;
                    return (
                        record && {
                            record,
                            mark: async (patchOf) => {
                                const now = hub.record ?? record;
                                const patch = patchOf(now);
                                hub.writes += Object.keys(patch).length === 0 ? 0 : 1;
                                hub.record = { ...now, tags: merged(now.tags, patch) };
                            },
                            authenticate: async () => undefined,
                        }
                    );
                },
            },
            audit,
            waiting,
            onIssued: () => undefined,
        });
        return { service, hub };
    }

    /** What the provisioning service makes of an identity at a registration that resets the twin. */
    const registered = (leaf: X509Certificate): DeviceRecord => ({
        ...enabled,
        authentication: {
            type: "selfSigned",
            x509Thumbprint: { primaryThumbprint: leaf.fingerprint256.replace(/:/g, "") },
        },
        tags: { site: "Oslo" },
    });

    const later = (seconds: number) => new Date(Date.now() + seconds * 1000);
    const noted = (record: DeviceRecord | undefined) =>
        (record?.tags.iotX509Est ?? {}) as {
            issued?: Record<string, Tags>;
            renewed?: Record<string, Tags>;
            secrets?: Record<string, Tags>;
        };

    async function enroll(service: EstService, by: "certificate" | "secret", body = request) {
        const leaf = await issue(first, {
            commonName: "pump-1",
            notBefore: new Date(Date.now() - 80 * day),
            notAfter: new Date(Date.now() + 10 * day),
        });
        const answer = await service.enroll({
            group: "pumps",
            certificate: by === "certificate" ? leaf.x509.raw : undefined,
            authorization:
                by === "secret"
                    ? `Basic ${Buffer.from("pump-1:once").toString("base64")}`
                    : undefined,
            body: Buffer.from(body.toString("base64")),
        });
        const pem = execFileSync("openssl", ["pkcs7", "-inform", "DER", "-print_certs"], {
            input: Buffer.from(answer.body, "base64"),
        });
        return new X509Certificate(pem);
    }

    const refuses = (reason: RefusalReason, status: number) => (error: unknown) => {
        assert.ok(error instanceof Refusal);
        assert.deepEqual([error.reason, error.status], [reason, status]);
        return true;
    };

    it("a note says which CA signed what was issued, and until when it lasts", async () => {
        const { service, hub } = serve(second, "pumps-g2");
        const leaf = await enroll(service, "certificate");
        assert.ok(leaf.checkIssued(second.x509));
        const [[thumbprint, note]] = Object.entries(noted(hub.record).issued ?? {});
        assert.equal(thumbprint, leaf.fingerprint256.replace(/:/g, ""));
        assert.deepEqual([note.group, note.generation], ["pumps", 2]);
        assert.equal(Date.parse(String(note.notAfter)), Date.parse(leaf.validTo));
    });

    it("a first certificate is noted, and its secret is used, once the device has registered with it", async () => {
        const { service, hub } = serve(second, "pumps-g2");
        hub.record = undefined;
        const leaf = await enroll(service, "secret");
        await service.settle(later(10));
        assert.equal(hub.record, undefined);
        hub.record = registered(leaf);
        // Before the note is written, too.
        await assert.rejects(enroll(service, "secret", other), refuses("bootstrapUsed", 403));
        await service.settle(later(60));
        const { issued, secrets } = noted(hub.record);
        assert.deepEqual(Object.keys(issued ?? {}), [leaf.fingerprint256.replace(/:/g, "")]);
        assert.equal(Object.keys(secrets ?? {}).length, 1);
        assert.equal(hub.record.tags.site, "Oslo");
        // By now another instance knows it from the twin.
        const instance = serve(second, "pumps-g2");
        instance.hub.record = hub.record;
        await assert.rejects(
            enroll(instance.service, "secret", other),
            refuses("bootstrapUsed", 403),
        );
    });

    /** As after a `kill -9`: the log is all that is left. */
    const started = async () =>
        serve(second, "pumps-g2", new WaitingNotes(await readUntold(logFile, new Date())));

    it("a restart forgets no secret that was used, and writes the note once the device has registered", async () => {
        const killed = serve(second, "pumps-g2");
        killed.hub.record = undefined;
        const leaf = await enroll(killed.service, "secret");
        assert.deepEqual(await readUntold(logFile, later(100 * 86400)), []);
        const { service, hub } = await started();
        hub.record = undefined;
        await assert.rejects(enroll(service, "secret", other), refuses("bootstrapUsed", 403));
        hub.record = registered(leaf);
        await service.settle(later(10));
        const { issued, secrets } = noted(hub.record);
        assert.deepEqual(Object.keys(issued ?? {}), [leaf.fingerprint256.replace(/:/g, "")]);
        assert.equal(Object.keys(secrets ?? {}).length, 1);
        assert.deepEqual(await readUntold(logFile, new Date()), []);
    });

    it("a note from the log gives way to a certificate that another instance issued since", async () => {
        const killed = serve(second, "pumps-g2");
        killed.hub.record = undefined;
        const leaf = await enroll(killed.service, "secret");
        const { service, hub } = await started();
        const since = later(60).toISOString();
        const note = {
            group: "pumps",
            generation: 2,
            at: since,
            notAfter: later(9e6).toISOString(),
        };
        const tag = { issued: { ["AB".repeat(32)]: note }, notAfter: note.notAfter };
        hub.record = { ...registered(leaf), tags: { iotX509Est: tag } };
        hub.record = { ...hub.record, authentication: { type: "certificateAuthority" } };
        await service.settle(later(120));
        assert.deepEqual(hub.record.tags, { iotX509Est: tag });
        assert.deepEqual(await readUntold(logFile, new Date()), []);
    });

    it("a note that a registration wiped is written again, once, and not before the registration", async () => {
        const { service, hub } = serve(second, "pumps-g2");
        const leaf = await enroll(service, "certificate");
        const before = hub.writes;
        await service.settle(later(10));
        assert.equal(hub.writes, before);
        hub.record = registered(leaf);
        await service.settle(later(60));
        const { issued, renewed } = noted(hub.record);
        assert.deepEqual(Object.keys(issued ?? {}), [leaf.fingerprint256.replace(/:/g, "")]);
        assert.equal(Object.keys(renewed ?? {}).length, 1);
        await service.settle(later(7200));
        assert.equal(hub.writes, before + 1);
    });

    it("a note that survived the registration is not written again", async () => {
        const { service, hub } = serve(second, "pumps-g2");
        const leaf = await enroll(service, "certificate");
        const before = hub.writes;
        hub.record = { ...registered(leaf), tags: hub.record?.tags ?? {} };
        await service.settle(later(60));
        assert.equal(hub.writes, before);
    });

    it("nothing is marked as used when the group's CA has expired", async () => {
        const { service, hub } = serve(ended, "pumps-g3");
        await assert.rejects(enroll(service, "certificate"), refuses("caExpired", 503));
        assert.equal(hub.writes, 0);
    });
});
