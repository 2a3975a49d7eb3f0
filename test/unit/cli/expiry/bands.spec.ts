import { strict as assert } from "assert";
import { bandOf, expiring, ExpiryRules } from "../../../../cli/expiry/bands";
import { InventoryRow } from "../../../../cli/inventory/row";

const day = 24 * 3600 * 1000;

function row(change: Partial<InventoryRow>): InventoryRow {
    return {
        kind: "device",
        name: "pump-01",
        group: "pumps",
        generation: 1,
        subject: null,
        issuer: null,
        sha1Thumbprint: null,
        sha256Thumbprint: null,
        serial: null,
        notBefore: null,
        notAfter: null,
        daysLeft: null,
        trustedOn: [],
        provisioning: "listed",
        status: "enabled",
        hub: null,
        lastActivity: null,
        knownFrom: ["state"],
        note: null,
        ...change,
    };
}

const rules: ExpiryRules = {
    days: [30, 14, 7],
    grace: 1,
    renewBeforeDays: new Map([
        ["pumps", 30],
        ["meters", 10],
    ]),
    disabled: new Set(["off-01"]),
};

describe("bands of certificates that expire", () => {
    const cases: [string, Partial<InventoryRow>, number | undefined][] = [
        ["a CA 30 days before its end: none", { kind: "root", daysLeft: 30 }, undefined],
        ["a CA 29 days before its end: 30", { kind: "root", daysLeft: 29 }, 30],
        ["a CA 13 days before its end: 14", { kind: "intermediate", daysLeft: 13 }, 14],
        ["somebody else's CA on the day of its end: 7", { kind: "trusted", daysLeft: 0 }, 7],
        ["a CA after its end: expired", { kind: "root", daysLeft: -1 }, 0],
        ["a leaf in its renewal window, the day it is due: none", { daysLeft: 29 }, undefined],
        ["a leaf whose renewal is a day late: 30", { daysLeft: 28 }, 30],
        [
            "a leaf that is renewed 10 days before its end, with 9 left: none",
            { group: "meters", daysLeft: 9 },
            undefined,
        ],
        ["the same with 8 left: 14", { group: "meters", daysLeft: 8 }, 14],
        [
            "a leaf of the EST service, which renews it, with 29 left: none",
            { knownFrom: ["est", "hub"], daysLeft: 29 },
            undefined,
        ],
        ["the same with 28 left: 30", { knownFrom: ["est", "hub"], daysLeft: 28 }, 30],
        [
            "a device's own certificate, which nobody renews, with 29 left: 30",
            { group: null, knownFrom: ["settings", "hub"], daysLeft: 29 },
            30,
        ],
        ["a certificate that was replaced: none", { kind: "former", daysLeft: 3 }, undefined],
        [
            "a device that the configuration disables: none",
            { name: "off-01", daysLeft: -3 },
            undefined,
        ],
        ["an identity that is disabled: none", { status: "disabled", daysLeft: 3 }, undefined],
        ["an end that nobody knows: none", { daysLeft: null }, undefined],
    ];
    for (const [title, change, band] of cases) {
        it(title, () => assert.equal(bandOf(row(change), rules), band));
    }

    it("lists the most urgent first", () => {
        const rows = [29, -2, 5].map((daysLeft) => row({ kind: "root", daysLeft }));
        assert.deepEqual(
            expiring(rows, rules).map(({ band }) => band),
            [0, 7, 30],
        );
    });
});

/** A leaf of 90 days on a clock that goes on by a day: what is raised for it, and when. */
function raised(renewsAt: number | undefined, days: number): [day: number, band: number][] {
    let issued = 0;
    let serial = 1;
    const alerts: [number, number][] = [];
    const seen = new Set<string>();
    for (let today = 0; today < days; today++) {
        const left = Math.floor((issued * day + 90 * day - today * day) / day);
        if (renewsAt !== undefined && left <= renewsAt) {
            issued = today;
            serial++;
            continue;
        }
        const band = bandOf(row({ daysLeft: left, sha256Thumbprint: String(serial) }), rules);
        if (band !== undefined && !seen.has(`${serial}/${band}`)) {
            seen.add(`${serial}/${band}`);
            alerts.push([today, band]);
        }
    }
    return alerts;
}

describe("400 days, one by one", () => {
    it("raise nothing while up renews every certificate in its window", () => {
        assert.deepEqual(raised(30, 400), []);
        assert.deepEqual(raised(29, 400), [], "a renewal that runs every day may be a day late");
    });

    it("raise each band of a certificate once when renewal has stopped", () => {
        assert.deepEqual(raised(undefined, 400), [
            [62, 30],
            [77, 14],
            [84, 7],
            [91, 0],
        ]);
    });

    it("raise nothing for a certificate after it was renewed late", () => {
        const late = raised(20, 400);
        assert.ok(late.length > 0);
        assert.ok(late.every(([, band]) => band === 30));
        assert.equal(late.length, Math.floor((400 - 62) / 70) + 1);
    });
});
