import { strict as assert } from "assert";
import {
    currentOf,
    isKnownByIssued,
    issuedBy,
    isTrusted,
    trustedCertificates,
} from "../../../../components/dps/trustedCertificates";
import type { DeviceRecord } from "../../../../components/registry/registry";
import { issue, Issued, makeCa } from "../../../support/pki";

const day = 24 * 3600 * 1000;
const later = new Date(Date.now() + 30 * day).toISOString();
const earlier = new Date(Date.now() - day).toISOString();
const renewed = "AB".repeat(32);
const forged = "CD".repeat(32);

interface Note {
    readonly group: string;
    readonly generation: number;
    readonly at: string;
    readonly notAfter: string;
}

/** Groups, generations and thumbprints by hand; the state's certificate by a CA of this test. */
describe("the certificates that a hub may accept from a device that registered", () => {
    let held: Issued;

    before(async () => {
        const ca = await makeCa({ commonName: "IoT Intermediate CA pumps G2" });
        held = await issue(ca, { commonName: "pump-1" });
    });

    const note = (change: Partial<Note> = {}): Note => ({
        ...{ group: "pumps", generation: 2, at: earlier, notAfter: later },
        ...change,
    });
    const seen = (thumbprint: string, issued: Record<string, Note> = {}): DeviceRecord => ({
        deviceId: "pump-1",
        status: "enabled",
        authentication: {
            type: "selfSigned",
            x509Thumbprint: { primaryThumbprint: thumbprint },
        },
        tags: { iotX509Est: { issued } },
    });
    const trust = (change: Partial<Parameters<typeof trustedCertificates>[0]> = {}) =>
        trustedCertificates({
            group: "pumps",
            generations: [2],
            isEnrolled: false,
            certificate: held.certificate,
            ...change,
        });

    it("are that of the state and what the EST service issued by a CA that is trusted", () => {
        assert.ok(isTrusted(seen(held.thumbprint256), trust()));
        assert.ok(!isTrusted(seen(renewed), trust()));
        assert.ok(isTrusted(seen(renewed, { [renewed]: note() }), trust()));
        assert.ok(isTrusted(seen(renewed.toLowerCase(), { [renewed]: note() }), trust()));
    });

    it("are not another one than the noted one: what a leaked CA signed is not in the note", () => {
        assert.ok(!isTrusted(seen(forged, { [renewed]: note() }), trust()));
    });

    it("are not of a generation or group that is not trusted, nor expired", () => {
        const left = { group: "old", generations: [2], certificates: [] };
        for (const [one, more] of [
            [note({ generation: 1 }), {}],
            [note({ notAfter: earlier }), {}],
            [note({ group: "valves" }), {}],
            [note({ group: "old" }), { formerGroups: [{ ...left, trusted: [] }] }],
        ] as const) {
            assert.ok(!isTrusted(seen(renewed, { [renewed]: one }), trust(more)));
        }
        const formerGroups = [{ ...left, trusted: [2] }];
        const moved = seen(renewed, { [renewed]: note({ group: "old" }) });
        assert.ok(isTrusted(moved, trust({ formerGroups })));
    });

    it("are those of its own enrollment alone, if it has one", () => {
        assert.ok(!isTrusted(seen(renewed, { [renewed]: note() }), trust({ isEnrolled: true })));
    });

    it("of a device that no state knows, are those noted by a CA that stays, and none beside", () => {
        const isValid = issuedBy({ group: "pumps", generations: [2] });
        assert.ok(isKnownByIssued(seen(renewed, { [renewed]: note() }), isValid));
        for (const present of [
            seen(renewed),
            seen(forged, { [renewed]: note() }),
            seen(renewed, { [renewed]: note({ generation: 1 }) }),
            seen(renewed, { [renewed]: note({ notAfter: earlier }) }),
            seen("", { [renewed]: note() }),
        ]) {
            assert.ok(!isKnownByIssued(present, isValid));
        }
        const two = seen(renewed, { [renewed]: note() });
        const x509Thumbprint = { primaryThumbprint: renewed, secondaryThumbprint: forged };
        const authentication = { type: "selfSigned" as const, x509Thumbprint };
        assert.ok(!isKnownByIssued({ ...two, authentication }, isValid));
    });

    it("become again what the EST service issued last, else what the state has", () => {
        const second = "EF".repeat(32);
        const primary = (present: DeviceRecord): string | undefined => {
            const authentication = currentOf(present, trust());
            assert.ok(authentication.type === "selfSigned");
            return authentication.x509Thumbprint.primaryThumbprint;
        };
        const issued = { [renewed]: note(), [second]: note({ at: new Date().toISOString() }) };
        assert.equal(primary(seen(forged, issued)), second);
        assert.equal(primary(seen(forged, { [renewed]: note() })), renewed);
        const retired = { [renewed]: note({ generation: 1 }) };
        assert.equal(primary(seen(renewed, retired)), held.thumbprint256);
        assert.equal(primary(seen(forged)), held.thumbprint256);
    });
});
