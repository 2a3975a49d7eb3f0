import { strict as assert } from "assert";
import { generateKeyPairSync } from "crypto";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import { join } from "path";
import * as x509 from "@peculiar/x509";
import type { DeviceRecord } from "../../../components/registry/registry";
import { AuditLog } from "../../../est/audit";
import type { EstGroup } from "../../../est/policy";
import { Refusal, RefusalReason } from "../../../est/refusal";
import { EstService } from "../../../est/service";
import { WaitingNotes } from "../../../est/waitingNotes";
import { KeySigner } from "../../../est/signer";
import { issue, Issued, makeCa } from "../../support/pki";

const day = 24 * 3600 * 1000;

type Tree = { [key: string]: unknown };

/** As a twin takes a patch: an object is merged, null deletes. */
function merged(present: unknown, patch: unknown): unknown {
    if (typeof patch !== "object" || patch === null) {
        return patch;
    }
    const result: Tree = { ...(typeof present === "object" ? (present as Tree) : {}) };
    for (const [key, value] of Object.entries(patch)) {
        if (value === null) {
            delete result[key];
        } else {
            result[key] = merged(result[key], value);
        }
    }
    return result;
}

/** The order of requests is that of aziot-certd, whose renewals of the two certificates come in any order. */
describe("a device with a certificate for the EST service beside the one for its hub", () => {
    const folder = mkdtempSync(join(tmpdir(), "est-two-"));
    const realNow = Date.now;
    let audit: AuditLog;
    let first: Issued;
    let second: Issued;
    let maker: Issued;
    /** Days that have passed. */
    let today = 0;

    before(async () => {
        audit = await AuditLog.open(join(folder, "audit.jsonl"));
        [first, second, maker] = await Promise.all(
            ["Gateways G1", "Gateways G2", "Maker"].map((commonName) =>
                makeCa({ commonName, notAfter: new Date(realNow() + 3000 * day) }),
            ),
        );
    });

    beforeEach(() => {
        const RealDate = Date;
        today = 0;
        global.Date = class extends RealDate {
            constructor(...args: [] | [string | number | Date]) {
                super(...((args.length === 0 ? [realNow() + today * day] : args) as [number]));
            }
            static now(): number {
                return realNow() + today * day;
            }
        } as DateConstructor;
        restore = () => {
            global.Date = RealDate;
        };
    });

    let restore = (): void => undefined;

    afterEach(() => restore());

    after(async () => {
        await audit.close();
        rmSync(folder, { recursive: true });
    });

    /** A stack of one group. The hub has the device from the start, or never. */
    function serve(isRegistered: boolean, change: Partial<EstGroup> = {}) {
        const [g1, g2] = [first, second].map(({ certificate }, index) => ({
            name: `gateways-g${index + 1}`,
            certificatePem: certificate,
        }));
        const group: EstGroup = {
            ...{ name: "gateways", isBlocked: false, validityDays: 90, renewBeforeDays: 10 },
            ...{ isProvisioned: true, hasIdentityCertificates: true, trusted: [g1], issuer: g1 },
            ...{ rootPem: undefined, bootstrapPem: maker.certificate, secrets: new Map() },
            ...change,
        };
        const groups = new Map([["gateways", group]]);
        const record = {
            deviceId: "gateway-1",
            status: "enabled" as const,
            // The hub knows the other one.
            authentication: {
                type: "selfSigned" as const,
                x509Thumbprint: { primaryThumbprint: "AB".repeat(32) },
            },
            tags: {} as DeviceRecord["tags"],
        };
        const signer = new KeySigner();
        signer.add(g1, first.key);
        signer.add(g2, second.key);
        const service = new EstService({
            policy: () => ({
                groups,
                devices: new Map(),
                subject: {},
                graceDays: 0,
                repeatHours: 24,
            }),
            signer,
            directory: {
                find: async () =>
                    isRegistered
                        ? {
                              record,
                              mark: async (patchOf) => {
                                  record.tags = merged(record.tags, patchOf(record)) as Tree;
                              },
                              authenticate: async () => undefined,
                          }
                        : undefined,
            },
            audit,
            waiting: new WaitingNotes(),
            onIssued: () => undefined,
        });
        const rotate = () => groups.set("gateways", { ...group, trusted: [g2, g1], issuer: g2 });
        return { service, record, rotate };
    }

    /** DER of a certificate for a new key. */
    async function ask(service: EstService, certificate: Buffer): Promise<Buffer> {
        const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
        const [signing, verifying] = await Promise.all([
            crypto.subtle.importKey(
                "pkcs8",
                privateKey.export({ format: "der", type: "pkcs8" }),
                algorithm,
                true,
                ["sign"],
            ),
            crypto.subtle.importKey(
                "spki",
                publicKey.export({ format: "der", type: "spki" }),
                algorithm,
                true,
                ["verify"],
            ),
        ]);
        const request = await x509.Pkcs10CertificateRequestGenerator.create({
            name: "CN=gateway-1",
            keys: { privateKey: signing, publicKey: verifying },
            signingAlgorithm: algorithm,
        });
        const { body } = await service.enroll({
            group: "gateways",
            certificate,
            authorization: undefined,
            body: Buffer.from(Buffer.from(request.rawData).toString("base64")),
        });
        const [leaf] = new x509.X509Certificates(Buffer.from(body, "base64"));
        return Buffer.from(leaf.rawData);
    }

    async function refuses(reason: RefusalReason, asking: Promise<Buffer>): Promise<void> {
        await assert.rejects(asking, (error) => {
            assert.ok(error instanceof Refusal, String(error));
            assert.equal(error.reason, reason, error.message);
            return true;
        });
    }

    async function bootstrap(): Promise<Buffer> {
        const made = await issue(maker, {
            commonName: "gateway-1",
            notBefore: new Date(realNow() - day),
            notAfter: new Date(realNow() + 3000 * day),
        });
        return made.x509.raw;
    }

    it("gets both at once, before it has registered", async () => {
        const { service } = serve(false);
        const identity = await ask(service, await bootstrap());
        await ask(service, identity);
        today = 2;
        await refuses("deviceUnknown", ask(service, identity));
    });

    it("renews either by either for years, in any order and days apart, and gets no third", async () => {
        const { service } = serve(true);
        let identity = await ask(service, await bootstrap());
        let device = await ask(service, identity);
        for (let round = 0; round < 8; round++) {
            today += 3;
            await refuses("tooEarly", ask(service, identity));
            await refuses("tooEarly", ask(service, device));
            today += 69;
            if (round % 2 === 0) {
                identity = await ask(service, identity);
                today += 3.6;
                device = await ask(service, identity);
            } else {
                device = await ask(service, identity);
                today += 3.6;
                identity = await ask(service, identity);
            }
        }
    });

    it("renews the first time although no twin could note what it got before it registered", async () => {
        for (const isIdentityFirst of [true, false]) {
            today = 0;
            const { service: early } = serve(false);
            const identity = await ask(early, await bootstrap());
            await ask(early, identity);
            today = 30;
            const { service } = serve(true);
            await refuses("tooEarly", ask(service, identity));
            today = 72;
            const next = await ask(service, identity);
            today = 75.6;
            await ask(service, isIdentityFirst ? next : identity);
            today = 77;
            await refuses("tooEarly", ask(service, identity));
            await refuses("tooEarly", ask(service, next));
        }
    });

    it("may ask again for a day after both were issued, a few times, which extends nothing", async () => {
        const { service } = serve(true);
        const identity = await ask(service, await bootstrap());
        await ask(service, identity);
        for (const hours of [6, 12, 18, 23]) {
            today = hours / 24;
            await ask(service, identity);
        }
        await refuses("tooEarly", ask(service, identity));
        today = 1.1;
        await refuses("tooEarly", ask(service, identity));
    });

    it("gets both anew below a new CA at any time", async () => {
        const { service, rotate } = serve(true);
        const identity = await ask(service, await bootstrap());
        await ask(service, identity);
        today = 20;
        rotate();
        const next = await ask(service, identity);
        await ask(service, next);
        today = 22;
        await refuses("tooEarly", ask(service, next));
        await refuses("tooEarly", ask(service, identity));
    });

    it("waits while another instance issues a certificate, and not for one that stopped", async () => {
        const { service, record } = serve(true);
        const identity = await ask(service, await bootstrap());
        const at = new Date().toISOString();
        record.tags = merged(record.tags, {
            iotX509Est: { pending: { at, key: "of another request" } },
        }) as Tree;
        await refuses("tooMany", ask(service, identity));
        today = 2 / 24 / 60;
        await ask(service, identity);
        assert.ok(!("pending" in (record.tags.iotX509Est as Tree)));
    });

    it("in a group without the setting, a certificate that the hub does not know gets nothing", async () => {
        const { service } = serve(true, { hasIdentityCertificates: false });
        const identity = await ask(service, await bootstrap());
        await refuses("notRegistered", ask(service, identity));
    });
});
