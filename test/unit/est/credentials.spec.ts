import { strict as assert } from "assert";
import { groupOf, Presented } from "../../../est/credentials";
import type { EstGroup, EstPolicy } from "../../../est/policy";
import { Refusal, RefusalReason } from "../../../est/refusal";
import { issue, Issued, makeCa } from "../../support/pki";

describe("the group of a client that names none", () => {
    let pumps: Issued;
    let valves: Issued;
    let maker: Issued;
    let policy: EstPolicy;

    before(async () => {
        [pumps, valves, maker] = await Promise.all(
            ["Pumps", "Valves", "Maker"].map((commonName) => makeCa({ commonName })),
        );
        const secret = { sha256: "0".repeat(64), expires: "2099-01-01T00:00:00Z" };
        const group = (name: string, ca: Issued, secrets: EstGroup["secrets"]): EstGroup => ({
            ...{ name, isBlocked: false, validityDays: 90, renewBeforeDays: 30 },
            ...{ isProvisioned: false, hasIdentityCertificates: false },
            trusted: [{ name: `${name}-g1`, certificatePem: ca.certificate }],
            ...{ issuer: undefined, rootPem: undefined },
            ...{ bootstrapPem: maker.certificate, secrets },
        });
        const all = [
            group("pumps", pumps, new Map()),
            group("valves", valves, new Map([["valve-1", secret]])),
        ];
        policy = {
            groups: new Map(all.map((one) => [one.name, one])),
            devices: new Map([["valve-2", { group: "valves", isDisabled: false }]]),
            ...{ subject: {}, graceDays: 0, repeatHours: 24 },
        };
    });

    async function by(ca: Issued, commonName: string): Promise<Presented> {
        const { x509 } = await issue(ca, { commonName });
        return { certificate: x509.raw, authorization: undefined };
    }

    const named = (user: string): Presented => ({
        certificate: undefined,
        authorization: `Basic ${Buffer.from(`${user}:x`).toString("base64")}`,
    });

    function refuses(reason: RefusalReason, presented: Presented): void {
        assert.throws(
            () => groupOf(presented, policy),
            (error) => error instanceof Refusal && error.reason === reason,
        );
    }

    it("is the one whose CA signed its certificate, or that has its secret", async () => {
        assert.equal(groupOf(await by(pumps, "pump-1"), policy), "pumps");
        assert.equal(groupOf(await by(valves, "valve-9"), policy), "valves");
        assert.equal(groupOf(named("valve-1"), policy), "valves");
    });

    it("is the one of the settings where a manufacturer's CA is that of several groups", async () => {
        assert.equal(groupOf(await by(maker, "valve-2"), policy), "valves");
        refuses("unknownGroup", await by(maker, "valve-3"));
    });

    it("is asked for where its credentials fit none, or there are none", async () => {
        refuses("unknownGroup", named("pump-1"));
        refuses("unknownGroup", await by(await makeCa({ commonName: "Other" }), "pump-1"));
        refuses("noCredentials", { certificate: undefined, authorization: undefined });
    });
});
