import * as assert from "assert";
import { Hub } from "../hub/model";
import { PrivateEmulator, startPrivate } from "../../test/support/emulator";
import { addHub, HubWire, refused, sharedAccess, WireReply } from "../../test/support/hubWire";

describe("queries on the wire", () => {
    let target: PrivateEmulator;
    let hub: Hub;
    let wire: HubWire;

    before(async () => {
        target = await startPrivate();
        hub = addHub(target.emulator, "queryhub");
        wire = new HubWire(target, hub, sharedAccess(hub, "iothubowner"));
        const devices = [
            ["d1", { site: "munich", ring: 1, odd: true }],
            ["d2", { site: "munich", ring: 2, odd: false }],
            ["d3", { site: "oslo", ring: 3, "with-dash": "x" }],
            ["e4", {}],
        ] as const;
        for (const [id, tags] of devices) {
            await wire.ask("POST", "/devices", {
                body: [
                    {
                        id,
                        importMode: "create",
                        status: id === "e4" ? "disabled" : "enabled",
                        authentication: { type: "certificateAuthority" },
                        tags,
                        properties: { desired: { fw: { version: `1.${id}` } } },
                    },
                ],
            });
        }
    });
    after(() => target.stop());

    const query = (text: string, headers: Record<string, string> = {}): Promise<WireReply> =>
        wire.ask("POST", "/devices/query", { body: { query: text }, headers });
    const rows = async (text: string): Promise<Record<string, unknown>[]> => {
        const reply = await query(text);
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
        return reply.body as Record<string, unknown>[];
    };
    const idsOf = (list: readonly Record<string, unknown>[]): string =>
        list.map((row) => row.deviceId).join(" ");

    const conditions: readonly (readonly [string, string])[] = [
        ["deviceId = 'd1'", "d1"],
        ['deviceId = "d1"', "d1"],
        ["tags.site = 'munich'", "d1 d2"],
        ["tags.site != 'munich'", "d3"],
        ["tags.site <> 'munich'", "d3"],
        ["NOT tags.site = 'munich'", "d3"],
        ["tags.ring > 1", "d2 d3"],
        ["tags.ring >= 2 AND tags.ring <= 2", "d2"],
        ["tags.ring < 2 OR tags.ring > 2", "d1 d3"],
        ["tags.ring < 'z'", ""],
        ["tags.odd = true", "d1"],
        ["tags.odd = FALSE", "d2"],
        ["tags.odd", "d1"],
        ["tags.ring IN [1, 3]", "d1 d3"],
        ["tags.site NIN ['oslo']", "d1 d2"],
        ["IS_DEFINED(tags.site)", "d1 d2 d3"],
        ["NOT IS_DEFINED(tags.site)", "e4"],
        ["is_defined(tags.odd) and not tags.odd", "d2"],
        ["STARTSWITH(deviceId, 'd')", "d1 d2 d3"],
        ["STARTSWITH(properties.desired.fw.version, '1.e')", "e4"],
        ["status = 'disabled'", "e4"],
        ["authenticationType = 'certificateAuthority' AND status = 'disabled'", "e4"],
        ["(tags.ring = 1 OR tags.ring = 2) AND tags.site = 'munich' AND NOT tags.odd", "d2"],
        ["tags.ring = 1 OR tags.ring = 2 AND tags.site = 'oslo'", "d1"],
        ["tags.[[with-dash]] = 'x'", "d3"],
        ["tags.site = null", ""],
        ["tags.none = tags.nothing", ""],
        ["deviceId = 'it\\'s'", ""],
    ];
    for (const [where, ids] of conditions) {
        it(`WHERE ${where}`, async () => {
            assert.equal(idsOf(await rows(`SELECT * FROM devices WHERE ${where}`)), ids);
        });
    }

    it("answers SELECT * with whole twins, of type Twin", async () => {
        const reply = await query("select * from devices where deviceId = 'd1'");
        assert.equal(reply.headers["x-ms-item-type"], "Twin");
        const twin = await wire.ask("GET", "/twins/d1");
        assert.deepEqual(reply.body, [twin.body]);
    });

    it("answers columns by their last name or alias, of type Raw", async () => {
        const reply = await query(
            "SELECT deviceId, tags.site, tags.ring AS ring1 FROM devices WHERE deviceId IN ['d1','e4']",
        );
        assert.equal(reply.headers["x-ms-item-type"], "Raw");
        assert.deepEqual(reply.body, [
            { deviceId: "d1", site: "munich", ring1: 1 },
            { deviceId: "e4" },
        ]);
    });

    it("counts, sums and groups", async () => {
        assert.deepEqual(await rows("SELECT COUNT() AS n FROM devices"), [{ n: 4 }]);
        assert.deepEqual(await rows("SELECT COUNT() AS n FROM devices WHERE status='x'"), [
            { n: 0 },
        ]);
        assert.deepEqual(
            await rows(
                "SELECT SUM(tags.ring) AS s, AVG(tags.ring) AS a, MIN(tags.ring) AS l, MAX(tags.ring) AS h FROM devices",
            ),
            [{ s: 6, a: 2, l: 1, h: 3 }],
        );
        assert.deepEqual(
            await rows(
                "SELECT tags.site AS site, COUNT() AS n FROM devices WHERE IS_DEFINED(tags.site) GROUP BY tags.site",
            ),
            [
                { site: "munich", n: 2 },
                { site: "oslo", n: 1 },
            ],
        );
    });

    it("pages while devices are added and deleted", async () => {
        const text = "SELECT deviceId FROM devices WHERE STARTSWITH(deviceId, 'd')";
        const size = { "x-ms-max-item-count": "1" };
        const first = await query(text, size);
        const token = first.headers["x-ms-continuation"] ?? "";
        assert.deepEqual([idsOf(first.body as []), token === ""], ["d1", false]);
        await wire.put("d0");
        const second = await query(text, {
            "x-ms-max-item-count": "9",
            "x-ms-continuation": token,
        });
        await wire.ask("DELETE", "/devices/d0", { headers: { "if-match": "*" } });
        assert.equal(idsOf(second.body as []), "d2 d3");
        assert.equal(second.headers["x-ms-continuation"], undefined);
        const exact = await query(text, { "x-ms-max-item-count": "3" });
        assert.equal(exact.headers["x-ms-continuation"], undefined);
    });

    it("stops at TOP, also across pages", async () => {
        const text = "SELECT TOP 3 deviceId FROM devices";
        assert.equal(idsOf(await rows(text)), "d1 d2 d3");
        const first = await query(text, { "x-ms-max-item-count": "2" });
        const rest = await query(text, {
            "x-ms-max-item-count": "2",
            "x-ms-continuation": first.headers["x-ms-continuation"] ?? "",
        });
        assert.equal(idsOf(rest.body as []), "d3");
        assert.equal(rest.headers["x-ms-continuation"], undefined);
    });

    const wrong: readonly (readonly [string, number])[] = [
        ["SELECT * FORM devices", 9],
        ["SELECT FROM devices", 12],
        ["SELECT * FROM devices WHERE", 27],
        ["SELECT * FROM devices WHERE deviceId = ", 39],
        ["SELECT * FROM devices WHERE deviceId == 'a'", 38],
        ["SELECT * FROM devices WHERE (deviceId = 'a'", 43],
        ["SELECT * FROM devices WHERE SIN(tags.x)", 28],
        ["SELECT * FROM devices WHERE deviceId = 'a", 39],
        ["SELECT * FROM devices extra", 22],
        ["SELECT * FROM twins", 14],
        ["", 0],
    ];
    for (const [text, position] of wrong) {
        it(`refuses '${text}' and says where`, async () => {
            refused(await query(text), 400, "ArgumentInvalid", `at position ${position})`);
        });
    }

    it("refuses columns beside aggregates unless GROUP BY names them", async () => {
        refused(await query("SELECT deviceId, COUNT() FROM devices"), 400, "ArgumentInvalid");
    });

    it("refuses a made-up continuation, a page size of 0 and a body without query", async () => {
        const text = "SELECT * FROM devices";
        refused(await query(text, { "x-ms-continuation": "x" }), 400, "ArgumentInvalid");
        refused(await query(text, { "x-ms-max-item-count": "0" }), 400, "ArgumentInvalid");
        refused(await wire.ask("POST", "/devices/query", { body: {} }), 400, "ArgumentNull");
    });

    it("answers 501 to other collections and to ordering", async () => {
        for (const text of [
            "SELECT * FROM devices.modules",
            "SELECT * FROM devices.jobs",
            "SELECT * FROM devices ORDER BY deviceId",
        ]) {
            assert.equal((await query(text)).status, 501, text);
        }
    });

    it("still returns a deleted device for queryIndexLagSeconds", async () => {
        const { clock, settings } = target.emulator.context;
        const found = async (): Promise<string> =>
            idsOf(await rows("SELECT deviceId FROM devices WHERE deviceId = 'ghost'"));
        await target.manage("PATCH", "/settings", { queryIndexLagSeconds: 1500 });
        try {
            await wire.put("ghost");
            await wire.ask("DELETE", "/devices/ghost", { headers: { "if-match": "*" } });
            refused(await wire.ask("GET", "/devices/ghost"), 404, "DeviceNotFound");
            clock.setOffset(1400);
            assert.equal(await found(), "ghost");
            clock.setOffset(1600);
            assert.equal(await found(), "");
        } finally {
            settings.queryIndexLagSeconds = 0;
            clock.setOffset(0);
        }
    });

    it("pages 10,000 devices in seconds", async () => {
        const large = addHub(target.emulator, "largehub");
        const owner = new HubWire(target, large, sharedAccess(large, "iothubowner"));
        for (let batch = 0; batch < 100; batch++) {
            const body = Array.from({ length: 100 }, (_, index) => ({
                id: `n${batch * 100 + index}`,
                importMode: "create",
                authentication: { type: "certificateAuthority" },
            }));
            assert.equal((await owner.ask("POST", "/devices", { body })).status, 200);
        }
        const seen = new Set<unknown>();
        let token: string | undefined = "";
        while (token !== undefined) {
            const headers: Record<string, string> = { "x-ms-max-item-count": "1000" };
            const reply: WireReply = await owner.ask("POST", "/devices/query", {
                body: { query: "SELECT * FROM devices" },
                headers: token === "" ? headers : { ...headers, "x-ms-continuation": token },
            });
            (reply.body as { deviceId: string }[]).forEach((row) => seen.add(row.deviceId));
            token = reply.headers["x-ms-continuation"];
        }
        assert.equal(seen.size, 10_000);
        const list = (await owner.ask("GET", "/devices")).body as unknown[];
        assert.equal(list.length, 1000);
    }).timeout(20_000);
});
