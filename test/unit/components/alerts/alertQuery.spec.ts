import { strict as assert } from "assert";
import { alertQuery, inventoryTable, longestQuery } from "../../../../components/alerts/alertQuery";
import { AlertedCertificate } from "../../../../components/alerts/buckets";
import { alerting, parse } from "../../../support/kql";

const dayLength = 24 * 3600 * 1000;
const start = Date.parse("2027-01-01T00:00:00Z");
const days = [30, 14, 7];
const bands = [30, 14, 7, 0];

/** @param ends days after the start */
function certificate(change: Partial<AlertedCertificate> & { ends: number }): AlertedCertificate {
    const { ends, ...rest } = change;
    return {
        kind: "device",
        group: "pumps",
        name: "pump-01",
        notBefore: at(0).toISOString(),
        notAfter: at(ends).toISOString(),
        alertBelow: Infinity,
        ...rest,
    };
}

function at(day: number): Date {
    return new Date(start + day * dayLength);
}

/** Kind, group and number of the certificates that each band's rule finds. */
function found(table: string, now: Date): Record<number, string[]> {
    return Object.fromEntries(
        bands.map((band) => [
            band,
            alerting(alertQuery(table, band, days), now).map(
                ({ Kind, Group, Certificates }) => `${Kind} ${Group} ${Certificates}`,
            ),
        ]),
    );
}

/**
 * What the rules must find, from the certificates alone: written from the rules in docs/inventory.md. Ends count by their
 * date.
 */
function expected(
    certificates: readonly AlertedCertificate[],
    now: Date,
): Record<number, string[]> {
    const midnight = (time: string) => Date.parse(`${time.slice(0, 10)}T00:00:00Z`);
    const inBand = (band: number, { notAfter, alertBelow }: AlertedCertificate): boolean => {
        const left = (midnight(notAfter) - midnight(now.toISOString())) / dayLength;
        const [from, to] = { 30: [14, 30], 14: [7, 14], 7: [0, 7], 0: [-Infinity, 0] }[band] ?? [];
        return left >= from && left < to && (band === 0 || left < alertBelow);
    };
    return Object.fromEntries(
        bands.map((band) => {
            const counts = new Map<string, number>();
            for (const one of certificates.filter((each) => inBand(band, each))) {
                const bucket = [one.kind, one.group, one.notAfter.slice(0, 10)].join(" ");
                counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
            }
            const sorted = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
            const rows = sorted.map(([bucket, count]) => bucket.replace(/\S+$/, String(count)));
            return [band, rows];
        }),
    );
}

const fleet: readonly AlertedCertificate[] = [
    certificate({ kind: "root", group: "", name: "root", ends: 400 }),
    certificate({ kind: "intermediate", name: "pumps-g1", ends: 300.4 }),
    ...Array.from({ length: 40 }, (_, index) =>
        certificate({
            group: index % 2 === 0 ? "meters" : "pumps",
            name: `device-${index}`,
            ends: 50 + 3.7 * index,
            alertBelow: index % 2 === 0 ? 9 : 29,
        }),
    ),
    ...[90, 90.2, 90.9, 91].map((ends) =>
        certificate({ group: "valves", name: `same-${ends}`, ends }),
    ),
];

describe("the query of an alert rule", () => {
    it("is KQL to Microsoft's parser, with the columns that rule and reader use", () => {
        for (const table of [inventoryTable(fleet), inventoryTable([])]) {
            for (const band of bands) {
                assert.deepEqual(parse(alertQuery(table, band, days)), {
                    problems: [],
                    columns: [
                        "TimeGenerated:datetime",
                        "Kind:string",
                        "Group:string",
                        "FirstDay:string",
                        "LastDay:string",
                        "DaysLeft:long",
                        "Certificates:long",
                        "Example:string",
                    ],
                });
            }
        }
    });

    it("finds on each of 420 days exactly the certificates that are in its band", () => {
        const table = inventoryTable(fleet);
        let alerts = 0;
        for (let day = 0; day < 420; day++) {
            const now = at(day + 0.3);
            const rows = found(table, now);
            assert.deepEqual(rows, expected(fleet, now), now.toISOString());
            alerts += Object.values(rows).flat().length;
        }
        assert.ok(alerts > 1000);
    });

    it("raises each band of a certificate once and in order, and none after a renewal", () => {
        const seen: string[] = [];
        let table = inventoryTable([certificate({ ends: 90, alertBelow: 29 })]);
        for (let day = 0; day < 200; day++) {
            if (day === 80) {
                table = inventoryTable([
                    certificate({ notBefore: at(80).toISOString(), ends: 170, alertBelow: 29 }),
                ]);
            }
            for (const [band, rows] of Object.entries(found(table, at(day)))) {
                // An alert that has fired does not fire again until it is resolved.
                const alert = `${band} ${day < 80 ? "first" : "second"}`;
                if (rows.length > 0 && !seen.includes(alert)) {
                    seen.push(alert);
                }
            }
        }
        assert.deepEqual(seen, [
            ...["30 first", "14 first"],
            ...["30 second", "14 second", "7 second", "0 second"],
        ]);
    });

    it("names one of the certificates that end first, whatever its name", () => {
        const name = "it's (a) \\ 'pump'";
        const table = inventoryTable([
            certificate({ name: "z", ends: 20.1 }),
            certificate({ name, ends: 20.2 }),
        ]);
        const [row] = alerting(alertQuery(table, 30, days), at(0));
        assert.deepEqual([row.Example, row.Certificates, row.FirstDay], [name, 2, "2027-01-21"]);
    });

    it("is the same text for the same certificates in any order", () => {
        assert.equal(inventoryTable([...fleet].reverse()), inventoryTable(fleet));
    });
});

describe("the query of a large fleet", function () {
    this.timeout(60_000);
    const longName = (index: number) => `device-${index}-`.padEnd(128, "'");
    const longGroup = (index: number) => `group-${index}-`.padEnd(40, "x");

    /** Groups of equal size whose devices end evenly over so many days. */
    function many(count: number, groups: number, over: number): AlertedCertificate[] {
        return Array.from({ length: count }, (_, index) =>
            certificate({
                group: longGroup(index % groups),
                name: longName(index),
                ends: 31 + ((index * 7919) % count) * (over / count),
                alertBelow: 20 + (index % groups),
            }),
        );
    }

    function counted(table: string): number {
        return alerting(alertQuery(table, 0, days), at(10_000)).reduce(
            (sum, row) => sum + Number(row.Certificates),
            0,
        );
    }

    const cases: [string, AlertedCertificate[]][] = [
        ["one group over a year", many(100_000, 1, 365)],
        ["25 groups over a year", many(100_000, 25, 365)],
        ["1,000 groups over ten years", many(100_000, 1000, 3650)],
        ["100,000 groups of one device, each with rules of its own", many(100_000, 100_000, 365)],
    ];
    for (const [title, certificates] of cases) {
        it(`keeps to 64 KB and counts all of 100,000 devices: ${title}`, () => {
            const table = inventoryTable(certificates);
            for (const band of bands) {
                const query = alertQuery(table, band, days);
                assert.ok(Buffer.byteLength(JSON.stringify(query)) <= longestQuery);
            }
            assert.equal(counted(table), 100_000);
        });
    }

    it("tells days of one group apart over a year, and of 10 groups for the days to come", () => {
        const year = many(100_000, 1, 365).map((one) => ({ ...one, name: "pump-01" }));
        assert.equal(inventoryTable(year).match(/^'device'/gm)?.length, 365);
        const table = inventoryTable(
            many(100_000, 10, 365).map((one) => ({ ...one, name: "pump-01" })),
        );
        for (const now of [at(2), at(10), at(25)]) {
            for (const row of bands.flatMap((band) =>
                alerting(alertQuery(table, band, days), now),
            )) {
                assert.equal(row.FirstDay, row.LastDay);
                assert.match(String(row.Group), /^group-/);
            }
        }
    });

    it("is never late: where a row stands for a longer period, its first day counts", () => {
        const certificates = many(20_000, 100, 3650);
        const table = inventoryTable(certificates);
        const now = at(200);
        const inBands = (rows: Record<number, string[]>) =>
            Object.values(rows)
                .flat()
                .reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(" ") + 1)), 0);
        assert.ok(inBands(found(table, now)) >= inBands(expected(certificates, now)));
        assert.ok(inBands(expected(certificates, now)) > 0);
    });
});
