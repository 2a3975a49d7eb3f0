import { strict as assert } from "assert";
import { createHash } from "crypto";
import { ReportInventory, ReportRow } from "../inventory";
import { report } from "../report";

const at = "2027-01-01T00:00:00.000Z";

function row(kind: ReportRow["kind"], name: string, more: Partial<ReportRow> = {}): ReportRow {
    const left = more.notAfter ? (Date.parse(more.notAfter) - Date.parse(at)) / 86_400_000 : null;
    return {
        kind,
        name,
        group: null,
        generation: null,
        subject: `CN=${name}`,
        issuer: "CN=root",
        sha1Thumbprint: null,
        sha256Thumbprint: null,
        serial: null,
        notBefore: "2026-01-01T00:00:00.000Z",
        notAfter: null,
        daysLeft: left === null ? null : Math.floor(left),
        trustedOn: [],
        provisioning: null,
        status: null,
        hub: null,
        lastActivity: null,
        knownFrom: ["state"],
        note: null,
        ...more,
    };
}

const [old, present] = [
    { group: "pumps", generation: 1 },
    { group: "pumps", generation: 2 },
];
const rows: readonly ReportRow[] = [
    row("root", "root", { generation: 1, notAfter: "2040-01-01T00:00:00.000Z" }),
    row("intermediate", "pumps-g1", {
        ...old,
        notAfter: "2027-03-05T00:00:00.000Z",
        trustedOn: ["h.azure-devices.net"],
    }),
    row("intermediate", "pumps-g2", { ...present, notAfter: "2029-03-05T00:00:00.000Z" }),
    row("trusted", "foreign", { note: "not of this stack", notAfter: "2027-01-11T00:00:00.000Z" }),
    row("device", "moved", {
        ...present,
        notAfter: "2027-01-06T00:00:00.000Z",
        knownFrom: ["state", "twin"],
    }),
    row("device", "behind", {
        ...present,
        notAfter: "2027-02-20T00:00:00.000Z",
        status: "disabled",
    }),
    row("former", "behind", {
        ...old,
        notAfter: "2027-01-03T00:00:00.000Z",
        knownFrom: ["state", "twin"],
    }),
    row("device", "silent", { ...present, notAfter: "2027-02-21T00:00:00.000Z" }),
    row("device", "waiting", { ...old, notAfter: "2026-12-20T00:00:00.000Z" }),
    row("device", "own", { status: "enabled", sha1Thumbprint: "AA" }),
    row("device", "own", { status: "enabled", sha1Thumbprint: "BB" }),
];
const inventory: ReportInventory = {
    of: "stack prod",
    hub: null,
    at,
    rollovers: [{ group: "pumps", generation: 2, retain: [1] }],
    rows,
};

/** Cells of the table rows that begin with a heading. */
function cells(text: string, heading: string): string[] {
    const [, found = ""] =
        new RegExp(`<tr><th scope="row">${heading}</th>(.*?)</tr>`).exec(text) ?? [];
    return [...found.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell);
}

describe("the page of an inventory", () => {
    const text = report(inventory);

    it("counts what ends, without what was replaced", () => {
        const tiles = Object.fromEntries(
            [...text.matchAll(/<dt>([^<]*)<\/dt><dd[^>]*>([^<]*)</g)].map(([, name, count]) => [
                name,
                count,
            ]),
        );
        assert.deepEqual(tiles, {
            devices: "5",
            CAs: "4",
            expired: "1",
            "end within 7 days": "1",
            "end within 30 days": "2",
            "end not known": "2",
            "devices disabled": "1",
        });
        assert.match(text, /1 certificate has expired; 2 certificates end in the next 30 days/);
    });

    it("puts each end into its month, CAs by name", () => {
        assert.deepEqual(cells(text, "2027-01"), ["1", "foreign"]);
        assert.deepEqual(cells(text, "2027-02"), ["2", "–"]);
        assert.deepEqual(cells(text, "2027-03"), ["0", "pumps-g1"]);
        assert.deepEqual(cells(text, "2029-03"), []);
    });

    it("tells how far a rollover is by what devices say", () => {
        assert.deepEqual(cells(text, "pumps"), ["G1", "G2", "4", "1", "3", "1", "1", "1"]);
        assert.match(report({ ...inventory, rollovers: [] }), /None: no group retains/);
        assert.doesNotMatch(report({ ...inventory, rollovers: undefined }), /Rollovers/);
    });

    it("draws the chain, and tells it as text", () => {
        const drawn = /<svg role="img"[^]*?<\/svg>/.exec(text)?.[0] ?? "";
        for (const name of ["root", "pumps-g1", "pumps-g2", "foreign", "pumps", "no group"]) {
            assert.ok(drawn.includes(`>${name}</text>`), name);
        }
        assert.match(drawn, /trusted on: h</);
        assert.match(drawn, />1 device</);
        assert.match(text, /pumps-g1: ends 2027-03-05, 63 days; trusted on h\.azure-devices\.net/);
        assert.match(
            text,
            /pumps-g2: [^<]*; trusted on nothing\n<ul><li>group pumps: signed for 3 devices/,
        );
    });

    it("shows without any row that nothing is known", () => {
        const empty = report({ ...inventory, rollovers: undefined, rows: [] });
        assert.match(empty, /No CA and no device is known yet/);
        assert.match(empty, /No certificate has expired; none ends in the next 30 days/);
    });

    it("draws 40 boxes of a column at most, and lists all groups as text", () => {
        const many = Array.from({ length: 60 }, (_, index) =>
            row("intermediate", `group${index}-g1`, { group: `group${index}`, generation: 1 }),
        );
        const page = report({ ...inventory, rows: [...rows, ...many] });
        assert.match(page, /groups more: the text below has all/);
        assert.match(page, /group59-g1: its end is not known/);
    });

    it("allows by its policy the one script that it has, by digest", () => {
        const scripts = [...text.matchAll(/<script>([^]*?)<\/script>/g)];
        assert.equal(scripts.length, 1);
        const digest = createHash("sha256").update(scripts[0][1]).digest("base64");
        assert.ok(text.includes(`default-src 'none'; script-src 'sha256-${digest}';`));
        assert.doesNotMatch(
            text.replace(/http:\/\/www\.w3\.org\/[\w/]+/g, ""),
            /https?:|url\((?!#)|@import/,
        );
    });
});
