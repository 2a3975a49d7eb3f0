import { strict as assert } from "assert";
import type { DeviceRecord } from "../../../components/registry/registry";
import { identify, Identified, Presented } from "../../../est/credentials";
import { judgeIdentity, judgeSettings, judgeUse } from "../../../est/judge";
import type { EstGroup, EstPolicy } from "../../../est/policy";
import { Refusal, RefusalReason } from "../../../est/refusal";
import { issue, Issued, makeCa } from "../../support/pki";

const day = 24 * 3600 * 1000;
const now = new Date();
const key = "0123456789abcdef".repeat(4);
const otherKey = "f".repeat(64);

function refuses(reason: RefusalReason, judge: () => unknown): void {
    assert.throws(judge, (error) => {
        assert.ok(error instanceof Refusal, String(error));
        assert.equal(error.reason, reason);
        return true;
    });
}

describe("a request to the EST service", () => {
    let first: Issued;
    let second: Issued;
    let maker: Issued;

    before(async () => {
        [first, second, maker] = await Promise.all(
            ["Pumps G1", "Pumps G2", "Maker"].map((commonName) => makeCa({ commonName })),
        );
    });

    function group(change: Partial<EstGroup> = {}): EstGroup {
        const trusted = [
            { name: "pumps-g2", certificatePem: second.certificate },
            { name: "pumps-g1", certificatePem: first.certificate },
        ];
        return {
            name: "pumps",
            isBlocked: false,
            validityDays: 90,
            renewBeforeDays: 30,
            isProvisioned: false,
            hasIdentityCertificates: false,
            trusted,
            issuer: trusted[0],
            rootPem: undefined,
            bootstrapPem: maker.certificate,
            secrets: new Map(),
            ...change,
        };
    }

    function policy(change: Partial<EstPolicy> = {}, own = group()): EstPolicy {
        return {
            groups: new Map([[own.name, own]]),
            devices: new Map(),
            subject: { organization: "Contoso" },
            graceDays: 0,
            repeatHours: 24,
            ...change,
        };
    }

    async function presented(
        ca: Issued,
        since: number,
        left: number,
        more: { extendedKeyUsage?: readonly "serverAuth"[]; ca?: boolean } = {},
    ): Promise<Presented> {
        const made = await issue(ca, {
            commonName: "pump-1",
            notBefore: new Date(now.getTime() - since * day),
            notAfter: new Date(now.getTime() + left * day),
            ...more,
        });
        return { certificate: made.x509.raw, authorization: undefined };
    }

    const who = async (...args: Parameters<typeof presented>): Promise<Identified> =>
        identify(await presented(...args), group(), policy(), now);

    it("is its device's by a certificate of any trusted generation", async () => {
        for (const [ca, name] of [
            [first, "pumps-g1"],
            [second, "pumps-g2"],
        ] as const) {
            const { deviceId, renews } = await who(ca, 80, 10);
            assert.deepEqual([deviceId, renews?.authority.name], ["pump-1", name]);
        }
    });

    it("is nobody's by a server's certificate or a CA, and not before its time", async () => {
        for (const more of [{ extendedKeyUsage: ["serverAuth"] }, { ca: true }] as const) {
            const wrong = await presented(second, 80, 10, more);
            refuses("notForClients", () => identify(wrong, group(), policy(), now));
        }
        const early = await presented(second, -1, 90);
        refuses("notYetValid", () => identify(early, group(), policy(), now));
    });

    it("is refused after the end, but not within the grace, whose last moment counts", async () => {
        const over = await presented(second, 90, -5);
        refuses("expired", () => identify(over, group(), policy(), now));
        refuses("expired", () => identify(over, group(), policy({ graceDays: 5 }), now));
        assert.ok(identify(over, group(), policy({ graceDays: 6 }), now));
    });

    it("counts a retired generation as foreign", async () => {
        const [present] = group().trusted;
        const wrong = await presented(first, 80, 10);
        refuses("untrustedIssuer", () =>
            identify(
                wrong,
                group({ trusted: [present] }),
                policy({}, group({ trusted: [present] })),
                now,
            ),
        );
    });

    describe("by what the hub says", () => {
        const record = (change: Partial<DeviceRecord> = {}): DeviceRecord => ({
            deviceId: "pump-1",
            status: "enabled",
            authentication: { type: "certificateAuthority" },
            tags: {},
            ...change,
        });

        it("needs an identity, unless it is the first one of a device that registers later", async () => {
            const renewal = await who(second, 80, 10);
            const bootstrap = await who(maker, 80, 10);
            const provisioned = group({ isProvisioned: true });
            refuses("deviceUnknown", () =>
                judgeIdentity(renewal, provisioned, undefined, policy(), now),
            );
            refuses("deviceUnknown", () =>
                judgeIdentity(bootstrap, group(), undefined, policy(), now),
            );
            judgeIdentity(bootstrap, provisioned, undefined, policy(), now);
        });

        it("needs an enabled identity with X.509, and the registered certificate", async () => {
            const renewal = await who(second, 80, 10);
            const { credential } = renewal;
            const own = credential.kind === "certificate" ? credential.thumbprint : "";
            const by = (primaryThumbprint: string, secondaryThumbprint?: string) =>
                record({
                    authentication: {
                        type: "selfSigned",
                        x509Thumbprint: {
                            primaryThumbprint,
                            ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
                        },
                    },
                });
            const sas = { type: "sas" } as unknown as DeviceRecord["authentication"];
            refuses("deviceDisabled", () =>
                judgeIdentity(renewal, group(), record({ status: "disabled" }), policy(), now),
            );
            refuses("wrongKind", () =>
                judgeIdentity(renewal, group(), record({ authentication: sas }), policy(), now),
            );
            refuses("notRegistered", () =>
                judgeIdentity(renewal, group(), by("AA".repeat(32)), policy(), now),
            );
            judgeIdentity(renewal, group(), by("AA".repeat(32), own.toLowerCase()), policy(), now);
            judgeIdentity(renewal, group(), record(), policy(), now);
        });
    });

    it("is refused for a blocked group, a disabled device and a device of another group", async () => {
        const renewal = await who(second, 80, 10);
        const listed = (one: { group?: string; isDisabled: boolean }) =>
            policy({ devices: new Map([["pump-1", { group: undefined, ...one }]]) });
        refuses("groupBlocked", () => judgeSettings(renewal, group({ isBlocked: true }), policy()));
        refuses("deviceDisabled", () =>
            judgeSettings(renewal, group(), listed({ isDisabled: true })),
        );
        refuses("wrongGroup", () =>
            judgeSettings(renewal, group(), listed({ group: "valves", isDisabled: false })),
        );
        judgeSettings(renewal, group(), listed({ group: "pumps", isDisabled: false }));
        judgeSettings(renewal, group(), listed({ isDisabled: false }));
    });

    describe("by time and use", () => {
        const use = (client: Identified, marks = {}, wanted = key, at = now) =>
            judgeUse(client, marks, wanted, group(), policy(), at);

        it("may renew in the last renewBeforeDays, or in the last quarter, whichever is longer", async () => {
            use(await who(second, 61, 29));
            const early = await who(second, 59, 31);
            refuses("tooEarly", () => use(early));
            use(await who(second, 301, 99));
            const long = await who(second, 299, 101);
            refuses("tooEarly", () => use(long));
        });

        it("may renew a certificate of an earlier generation at any time: a rollover moves it", async () => {
            use(await who(first, 1, 89));
        });

        it("may repeat with the same key, and with another one only for some hours", async () => {
            const client = await who(second, 80, 10);
            const { credential } = client;
            assert.ok(credential.kind === "certificate");
            const at = new Date(now.getTime() - 23 * 3600 * 1000).toISOString();
            const marks = {
                renewed: { [credential.thumbprint]: { at, key: key.slice(0, 16), end: at } },
            };
            const later = new Date(now.getTime() + 2 * 3600 * 1000);
            use(client, marks, otherKey);
            refuses("alreadyRenewed", () => use(client, marks, otherKey, later));
            use(client, marks, key, later);
        });

        it("may bootstrap again by the manufacturer's certificate only when all it got has expired", async () => {
            const client = await who(maker, 80, 10);
            const at = new Date(now.getTime() - 100 * day).toISOString();
            const marks = (notAfter: Date) => ({
                bootstrap: { at, key: "other" },
                notAfter: notAfter.toISOString(),
            });
            refuses("bootstrapUsed", () => use(client, marks(new Date(now.getTime() + day))));
            assert.equal(use(client, marks(new Date(now.getTime() - day))), true);
        });
    });
});
