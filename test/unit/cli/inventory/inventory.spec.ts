import { strict as assert } from "assert";
import { X509Certificate } from "crypto";
import { csv } from "../../../../cli/inventory/csv";
import { countsOf, matches } from "../../../../cli/inventory/filter";
import { HubDevice, TrustedCa } from "../../../../cli/inventory/azureView";
import { heldCertificates } from "../../../../cli/inventory/heldCertificates";
import { inventoryRows } from "../../../../cli/inventory/inventory";
import { Known } from "../../../../cli/inventory/known";
import { InventoryRow } from "../../../../cli/inventory/row";
import { inventoryLines } from "../../../../cli/inventory/text";
import { HeldResource } from "../../../../cli/diff/heldFleet";
import * as state from "../../../fixtures/formerStack/state.json";

const now = new Date("2027-01-01T00:00:00Z");
const hubHost = "former.azure-devices.net";

/** What a stack's state has, as the real CLI exported it: 2 groups, listed and provisioned devices of every kind. */
const resources = state.checkpoint.latest.resources as unknown as HeldResource[];
const held = heldCertificates(resources, "former", undefined);

function hubDevice(
    deviceId: string,
    thumbprint?: string,
    more: Partial<HubDevice> = {},
): HubDevice {
    return {
        device: {
            deviceId,
            status: "enabled",
            authentication:
                thumbprint === undefined
                    ? { type: "certificateAuthority" }
                    : { type: "selfSigned", x509Thumbprint: { primaryThumbprint: thumbprint } },
            tags: {},
        },
        hub: hubHost,
        lastActivity: undefined,
        reported: {},
        ...more,
    };
}

function rows(azure: Partial<NonNullable<Known["azure"]>> | undefined): InventoryRow[] {
    const view = azure && {
        trusted: [],
        devices: [],
        registered: new Map<string, { group: string; assignedHub: string }>(),
        ...azure,
    };
    return inventoryRows({ held, configured: [], azure: view, now });
}

function one(all: readonly InventoryRow[], name: string): InventoryRow {
    const found = all.filter((row) => row.name === name);
    assert.equal(found.length, 1, `${name}: ${found.length} rows`);
    return found[0];
}

/** PEM in the exported state. */
function pemOf(type: string, name: string, property: string): string {
    const found = resources.find((one) => one.type.includes(type) && one.urn.endsWith(`::${name}`));
    return String(found?.outputs?.[property]);
}

describe("inventory of an exported state", () => {
    it("has a row for the root, each intermediate and each device, and no key", () => {
        const all = rows(undefined);
        assert.deepEqual(
            all.map(({ kind, name }) => `${kind} ${name}`),
            [
                "intermediate meters-g1",
                "intermediate pumps-g1",
                "root root",
                "device meter-01",
                "device meter-02",
                "device pump-01",
                "device pump-02",
                "device self-01",
            ],
        );
        assert.doesNotMatch(JSON.stringify(all), /PRIVATE KEY|ciphertext/);
    });

    it("tells what Node's own X.509 reader reads in each certificate", () => {
        const all = rows(undefined);
        for (const [name, pem] of [
            ["pump-01", pemOf("pki:DeviceCertificate", "pump-01", "certificate")],
            ["meters-g1", pemOf("LocallySignedCert", "meters-g1-certificate", "certPem")],
            ["root", pemOf("SelfSignedCert", "root-certificate", "certPem")],
        ]) {
            const expected = new X509Certificate(pem);
            const row = one(all, name);
            assert.equal(row.serial, expected.serialNumber);
            assert.equal(row.sha256Thumbprint, expected.fingerprint256.replace(/:/g, ""));
            assert.equal(Date.parse(row.notAfter ?? ""), Date.parse(expected.validTo));
            assert.equal(row.issuer, expected.issuer.replace(/\n/g, ", "));
        }
    });

    it("says of which group and generation each is", () => {
        const all = rows(undefined);
        const of = (name: string) => [one(all, name).group, one(all, name).generation];
        assert.deepEqual(of("pumps-g1"), ["pumps", 1]);
        assert.deepEqual(of("pump-02"), ["pumps", 1]);
        assert.deepEqual(of("meter-01"), ["meters", 1]);
        assert.deepEqual(of("root"), [null, 1]);
    });

    it("says that an offline root is known from the settings", () => {
        const pem = pemOf("SelfSignedCert", "root-certificate", "certPem");
        const known = heldCertificates([], "former", pem);
        const [root] = inventoryRows({ held: known, configured: [], azure: undefined, now });
        assert.deepEqual([root.kind, root.knownFrom], ["root", ["settings"]]);
    });

    it("knows of a device with a certificate of its own nothing but its existence", () => {
        const row = one(rows(undefined), "self-01");
        assert.deepEqual([row.notAfter, row.daysLeft, row.status], [null, null, null]);
    });
});

describe("inventory with what Azure shows", () => {
    const ca = (change: Partial<TrustedCa>): TrustedCa => ({
        hostName: hubHost,
        kind: "hub",
        name: "pumps-g1-x",
        subject: "IoT Intermediate CA pumps G1",
        thumbprint: one(rows(undefined), "pumps-g1").sha1Thumbprint ?? "",
        notAfter: "2041-01-01T00:00:00.000Z",
        isVerified: true,
        ...change,
    });

    it("tells where a CA is trusted, and which has yet to be verified", () => {
        const all = rows({
            trusted: [ca({}), ca({ kind: "service", hostName: "dps.example", isVerified: false })],
        });
        const { trustedOn, knownFrom } = one(all, "pumps-g1");
        assert.deepEqual(trustedOn, [hubHost, "dps.example (not verified)"]);
        assert.deepEqual(knownFrom, ["state", "hub", "service"]);
        assert.deepEqual(one(all, "root").trustedOn, []);
    });

    it("lists a CA that is not the stack's", () => {
        const foreign = ca({ name: "theirs", thumbprint: "AB".repeat(20) });
        const row = one(rows({ trusted: [foreign] }), "theirs");
        assert.deepEqual([row.kind, row.note], ["trusted", "not of this stack"]);
    });

    it("tells status and last activity, and that an identity is missing", () => {
        const lastActivity = "2026-12-31T10:00:00Z";
        const all = rows({ devices: [hubDevice("pump-01", undefined, { lastActivity })] });
        assert.deepEqual(
            [one(all, "pump-01").status, one(all, "pump-01").lastActivity],
            ["enabled", lastActivity],
        );
        assert.equal(one(all, "pump-02").status, "none");
    });

    it("recognizes the certificate of the stack by the thumbprint that the service wrote", () => {
        const { sha256Thumbprint } = one(rows(undefined), "meter-01");
        const all = rows({
            devices: [hubDevice("meter-01", sha256Thumbprint ?? "")],
            registered: new Map([["meter-01", { group: "meters", assignedHub: hubHost }]]),
        });
        assert.deepEqual(one(all, "meter-01").knownFrom, ["state", "hub", "service"]);
    });

    it("shows another certificate on the hub as a row of its own", () => {
        const all = rows({ devices: [hubDevice("meter-01", "CD".repeat(32))] });
        const found = all.filter(({ name }) => name === "meter-01");
        assert.deepEqual(
            found.map(({ sha256Thumbprint, knownFrom }) => [
                sha256Thumbprint?.slice(0, 4),
                knownFrom,
            ]),
            [
                [one(rows(undefined), "meter-01").sha256Thumbprint?.slice(0, 4), ["state", "hub"]],
                ["CDCD", ["hub"]],
            ],
        );
    });

    it("lists a device that no stack has", () => {
        const row = one(rows({ devices: [hubDevice("stranger")] }), "stranger");
        assert.deepEqual([row.kind, row.notAfter, row.knownFrom], ["device", null, ["hub"]]);
    });

    const told = (thumbprint: string, notAfter: unknown) => ({
        reported: { certificate: { thumbprint, issuer: "CN=Plant CA", notAfter } },
    });

    it("takes from the twin which certificate a device holds, and when its own one ends", () => {
        const { sha256Thumbprint } = one(rows(undefined), "pump-01");
        const all = rows({
            devices: [
                hubDevice("pump-01", undefined, told(sha256Thumbprint ?? "", "2027-01-01")),
                hubDevice(
                    "self-01",
                    "EF".repeat(32),
                    told("ef".repeat(32), "2027-01-11T00:00:00Z"),
                ),
            ],
        });
        assert.deepEqual(one(all, "pump-01").knownFrom, ["state", "hub", "twin"]);
        const own = one(all, "self-01");
        assert.deepEqual(
            [own.issuer, own.daysLeft, own.knownFrom],
            ["CN=Plant CA", 10, ["hub", "twin"]],
        );
    });

    describe("of a device whose state is not read", () => {
        const thumbprint = "CD".repeat(32);
        const notAfter = "2027-05-01T00:00:00.000Z";
        const tags = {
            iotX509: { stack: "other/prod", certificate: { generation: 3, notAfter, thumbprint } },
        };

        function told(own?: string, reported: HubDevice["reported"] = {}): InventoryRow {
            const made = hubDevice("other-1", own, { reported });
            const devices = [{ ...made, device: { ...made.device, tags } }];
            return one(rows({ devices }), "other-1");
        }

        it("takes the tag's certificate where the hub names its thumbprint", () => {
            const row = told(thumbprint);
            assert.deepEqual([row.generation, row.notAfter, row.daysLeft], [3, notAfter, 120]);
            assert.deepEqual([row.sha256Thumbprint, row.knownFrom], [thumbprint, ["hub"]]);
        });

        it("has only a note where nothing but the tag speaks for it: later ones are not in it", () => {
            const row = told();
            assert.deepEqual([row.generation, row.notAfter, row.knownFrom], [null, null, ["hub"]]);
            assert.match(
                row.note ?? "",
                /^its stack last wrote: SHA-256 (CD){32}, generation 3, ends 2027-05-01, unless/,
            );
        });

        it("takes from its twin what it holds, and from the tag which generation that is", () => {
            const certificate = { thumbprint, issuer: "CN=Other G3", notAfter };
            const row = told(undefined, { certificate });
            assert.deepEqual(
                [row.issuer, row.generation, row.notAfter, row.sha256Thumbprint, row.knownFrom],
                ["CN=Other G3", 3, notAfter, thumbprint, ["hub", "twin"]],
            );
            const later = { ...certificate, thumbprint: "EF".repeat(32) };
            assert.equal(told(undefined, { certificate: later }).generation, null);
            const hostile = { ...certificate, thumbprint: "<b>" };
            assert.equal(told(undefined, { certificate: hostile }).sha256Thumbprint, null);
        });
    });

    it("believes no twin that holds no dates", () => {
        for (const notAfter of ["soon", 5, null, "9".repeat(400)]) {
            const thumbprint = "EF".repeat(32);
            const devices = [hubDevice("self-01", thumbprint, told(thumbprint, notAfter))];
            const row = one(rows({ devices }), "self-01");
            assert.deepEqual([row.notAfter, row.knownFrom], [null, ["hub"]]);
        }
    });
});

describe("forms of an inventory", () => {
    const row = (change: Partial<InventoryRow>): InventoryRow => ({
        ...one(rows(undefined), "pump-01"),
        ...change,
    });

    it("filters by end, group and generation", () => {
        const ending = row({ daysLeft: 29 });
        assert.ok(matches({ expiring: 30 }, ending));
        assert.ok(matches({ expiring: 30 }, row({ daysLeft: -4 })));
        assert.ok(!matches({ expiring: 29 }, ending));
        assert.ok(!matches({ expiring: 30 }, row({ daysLeft: null })));
        assert.ok(matches({ group: "pumps", generation: 1 }, ending));
        assert.ok(!matches({ group: "meters" }, ending));
        assert.ok(!matches({ generation: 2 }, ending));
    });

    it("counts what has ended, what will, and what nobody knows", () => {
        const all = [
            row({ daysLeft: -1 }),
            row({ daysLeft: 0 }),
            row({ daysLeft: 30 }),
            row({ notAfter: null, daysLeft: null }),
        ];
        assert.deepEqual(countsOf(all), {
            certificates: 4,
            devices: 1,
            expired: 1,
            expiring: 1,
            unknownEnd: 1,
        });
    });

    it("quotes CSV by RFC 4180, and leaves a spreadsheet no formula", () => {
        const [head, line] = csv([row({ name: "=HYPERLINK(1)", note: 'a "b", c\nd' })]).split(
            "\r\n",
        );
        assert.match(head, /^kind,name,group,/);
        assert.match(line, /^device,'=HYPERLINK\(1\),pumps,/);
        assert.ok(line.endsWith('"a ""b"", c\nd"'));
    });

    it("lets no name steer the terminal", () => {
        const lines = inventoryLines([row({ name: "x\u001b[2Jy\u202e" })], countsOf([]));
        assert.ok(lines.some((line) => line.includes("x?[2Jy?")));
    });

    it("shortens a list for the terminal, and says how many are left out", () => {
        const all = Array.from({ length: 10_000 }, (_, index) => row({ name: `d${index}` }));
        const lines = inventoryLines(all, countsOf(all));
        assert.ok(lines.length < 220);
        assert.ok(lines.includes("  ... and 9,800 more: --json has them"));
        assert.match(lines[lines.length - 1], /^10,000 certificates, 10,000 devices/);
    });
});
