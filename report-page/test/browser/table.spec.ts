import { strict as assert } from "assert";
import { haystack, isWanted, Row, sorted, unpacked, Wanted } from "../../browser/table";
import { rowData } from "../../rowData";
import { ReportRow } from "../../inventory";

const everything: Wanted = { text: "", kind: "", group: "", end: "" };

function row(name: string, daysLeft: number | null, group: string | null = "pumps"): ReportRow {
    return {
        kind: "device",
        name,
        group,
        generation: 1,
        subject: `CN=${name}`,
        issuer: "CN=Pumps G1",
        sha1Thumbprint: "AB12",
        sha256Thumbprint: null,
        serial: "0F",
        notBefore: null,
        notAfter: null,
        daysLeft,
        trustedOn: ["one", "other"],
        provisioning: null,
        status: "enabled",
        hub: "h",
        lastActivity: null,
        knownFrom: ["state", "hub"],
        note: null,
    };
}

const rows = unpacked(
    rowData([
        row("pump-10", 5),
        row("pump-9", null),
        row("meter", -1, "meters"),
        row("pump-2", 40),
    ]),
);

function names(order: readonly number[]): unknown[] {
    return order.map((index) => rows[index].name);
}

function wanted(some: Partial<Wanted>): unknown[] {
    return rows
        .filter((one: Row) => isWanted(one, haystack(one), { ...everything, ...some }))
        .map(({ name }) => name);
}

describe("the table of a page", () => {
    it("has after packing what went in, lists as text", () => {
        assert.equal(rows[2].group, "meters");
        assert.equal(rows[0].knownFrom, "state, hub");
        assert.equal(rows[0].trustedOn, "one, other");
        assert.deepEqual([rows[1].daysLeft, rows[0].daysLeft, rows[0].generation], [null, 5, 1]);
    });

    it("sorts numbers as numbers and names with their numbers; unknown comes last either way", () => {
        const by = (field: string, isDescending: boolean) =>
            names(sorted(rows, { field, isDescending }));
        assert.deepEqual(by("name", false), ["meter", "pump-2", "pump-9", "pump-10"]);
        assert.deepEqual(by("daysLeft", false), ["meter", "pump-10", "pump-2", "pump-9"]);
        assert.deepEqual(by("daysLeft", true), ["pump-2", "pump-10", "meter", "pump-9"]);
    });

    it("finds all words of a search, whatever their case", () => {
        assert.deepEqual(wanted({ text: "PUMP-1 ab12" }), ["pump-10"]);
        assert.deepEqual(wanted({ text: "pump-1 cd" }), []);
        assert.equal(wanted({}).length, 4);
    });

    it("filters by group and by end", () => {
        assert.deepEqual(wanted({ group: "meters" }), ["meter"]);
        assert.deepEqual(wanted({ end: "expired" }), ["meter"]);
        assert.deepEqual(wanted({ end: "30" }), ["pump-10"]);
        assert.deepEqual(wanted({ end: "unknown" }), ["pump-9"]);
        assert.deepEqual(wanted({ kind: "root" }), []);
    });
});
