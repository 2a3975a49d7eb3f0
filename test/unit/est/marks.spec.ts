import { strict as assert } from "assert";
import { issuedByEst } from "../../../components/registry/estTag";
import { Credential, issuedPatch, markPatch, Marks, marksOf, useOf } from "../../../est/marks";

const thumbprint = "AB".repeat(32);
const now = new Date("2027-06-01T00:00:00Z");
const notAfter = new Date("2027-09-01T00:00:00Z");
const renewal: Credential = { kind: "certificate", thumbprint, end: new Date("2027-06-20") };
const secret: Credential = { kind: "secret", sha256: "cd".repeat(32) };

function issued(marks: Marks, credential: Credential, key = "k1", isAgain = false) {
    return markPatch(marks, credential, { key, notAfter, isAgain }, now);
}

describe("the marks of an EST service in a twin", () => {
    it("remember a renewal by the certificate that asked, and when it is not needed any more", () => {
        const marks = marksOf(issued({}, renewal));
        assert.deepEqual(marks, {
            notAfter: "2027-09-01T00:00:00.000Z",
            renewed: {
                [thumbprint]: {
                    at: "2027-06-01T00:00:00.000Z",
                    key: "k1",
                    end: "2027-06-20T00:00:00.000Z",
                },
            },
        });
        assert.equal(useOf(marks, renewal)?.key, "k1");
        assert.equal(useOf(marks, { ...renewal, thumbprint: "EF".repeat(32) }), undefined);
    });

    it("keep the first time: repeating does not extend the time for repeating", () => {
        const first = {
            renewed: { [thumbprint]: { at: "2027-05-31", key: "k0", end: "2027-06-20" } },
        };
        const use = useOf(marksOf(issued(first, renewal, "k2")), renewal);
        assert.deepEqual([use?.at, use?.key], ["2027-05-31", "k2"]);
    });

    it("forget certificates that would be refused as expired anyway", () => {
        const over = { renewed: { OLD: { at: "2027-01-01", key: "k", end: "2027-05-01" } } };
        const patch = issued(over, renewal) as { iotX509Est: { renewed: Record<string, unknown> } };
        assert.equal(patch.iotX509Est.renewed.OLD, null);
    });

    it("tell a secret from the next one, and start a bootstrap anew", () => {
        const marks = marksOf(issued({}, secret));
        assert.ok(useOf(marks, secret));
        assert.equal(useOf(marks, { kind: "secret", sha256: "ef".repeat(32) }), undefined);
        const used = { bootstrap: { at: "2026-01-01", key: "k" } };
        const again = marksOf(issued(used, { kind: "bootstrap" }, "k9", true));
        assert.deepEqual(again.bootstrap, { at: now.toISOString(), key: "k9" });
    });

    it("note what was issued, the newest first, and forget what has expired or is more than eight", () => {
        const note = (index: number, notAfter: string) => ({
            thumbprint: `${index}`.padStart(64, "0"),
            ...{ group: "pumps", generation: index, notAfter },
            at: new Date(now.getTime() + index * 1000).toISOString(),
        });
        let tags: Record<string, unknown> = {};
        const add = (one: ReturnType<typeof note>): void => {
            const patch = issuedPatch({ tags }, one, now) as {
                iotX509Est: { issued: Record<string, unknown> };
            };
            // As a hub merges: null removes.
            const { issued: before = {} } = (tags.iotX509Est ?? {}) as { issued?: object };
            const merged = Object.entries({ ...before, ...patch.iotX509Est.issued });
            const kept = merged.filter(([, value]) => value !== null);
            tags = { iotX509Est: { issued: Object.fromEntries(kept) } };
        };
        add(note(0, "2027-05-01T00:00:00Z"));
        for (let index = 1; index <= 12; index++) {
            add(note(index, "2027-09-01T00:00:00Z"));
        }
        assert.deepEqual(
            issuedByEst({ tags }).map(({ generation }) => generation),
            [12, 11, 10, 9, 8, 7, 6, 5],
        );
        assert.ok(JSON.stringify(tags).length < 2048);
    });

    it("count as none when somebody else wrote something into the tag", () => {
        const broken = ["text", null, 7, { x: 1 }, { x: { group: "g", generation: "1" } }];
        for (const issued of broken) {
            assert.deepEqual(issuedByEst({ tags: { iotX509Est: { issued } } }), []);
        }
        assert.deepEqual(issuedByEst({ tags: { iotX509Est: "text" } }), []);
    });

    it("stay below the 8 KB of a twin's tags for a device that renews each day for a year", () => {
        let marks: Marks = {};
        for (let day = 0; day < 365; day++) {
            const at = new Date(now.getTime() + day * 24 * 3600 * 1000);
            const end = new Date(at.getTime() + 9 * 24 * 3600 * 1000);
            const one = {
                kind: "certificate" as const,
                thumbprint: `${day}`.padStart(64, "0"),
                end,
            };
            const patch = marksOf(
                markPatch(marks, one, { key: "k", notAfter, isAgain: false }, at),
            );
            const renewed = Object.entries({ ...marks.renewed, ...patch.renewed });
            marks = {
                ...patch,
                renewed: Object.fromEntries(renewed.filter(([, use]) => use !== null)),
            };
        }
        assert.ok(JSON.stringify(marks).length < 2048, String(JSON.stringify(marks).length));
    });
});
