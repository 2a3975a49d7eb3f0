import * as assert from "assert";
import { Hub } from "../hub/model";
import { PrivateEmulator, startPrivate } from "../../test/support/emulator";
import { addHub, HubWire, refused, sharedAccess, WireReply } from "../../test/support/hubWire";

describe("registry throttling", () => {
    let target: PrivateEmulator;
    let count = 0;

    before(async () => {
        target = await startPrivate();
    });
    after(() => target.stop());
    beforeEach(() => {
        target.emulator.context.settings.throttling = true;
    });
    afterEach(() => target.emulator.context.clock.setOffset(0));

    const newHub = (name: string, capacity = 1): { hub: Hub; wire: HubWire } => {
        const hub = addHub(target.emulator, `throttlehub${++count}`, { name, capacity });
        return { hub, wire: new HubWire(target, hub, sharedAccess(hub, "iothubowner")) };
    };
    const bulk = (wire: HubWire, size: number): Promise<WireReply> => {
        const prefix = `b${++count}-`;
        const body = Array.from({ length: size }, (_, index) => ({
            id: prefix + index,
            importMode: "create",
        }));
        return wire.ask("POST", "/devices", { body });
    };

    it("is disabled by default", async () => {
        target.emulator.context.settings.throttling = false;
        const { wire } = newHub("S1");
        for (let times = 0; times < 3; times++) {
            assert.equal((await bulk(wire, 100)).status, 200);
        }
    });

    it("counts each device of a bulk call: 100 per minute on one S1 unit, 429 beyond", async () => {
        const { hub, wire } = newHub("S1");
        assert.equal((await bulk(wire, 100)).status, 200);
        const over = await bulk(wire, 100);
        refused(
            over,
            429,
            "ThrottlingBacklogTimeout",
            "The request has been throttled. Wait 10 seconds and try again. Operation type: RegistryWrite",
        );
        assert.equal(over.headers["retry-after"], undefined);
        assert.equal(over.headers.connection, "close");
        assert.equal(hub.devices.size, 100);
        target.emulator.context.clock.setOffset(61);
        assert.equal((await bulk(wire, 100)).status, 200);
    });

    it("refills with time, up to one minute's amount", async () => {
        const { wire } = newHub("S1");
        await bulk(wire, 100);
        target.emulator.context.clock.setOffset(31);
        assert.equal((await bulk(wire, 50)).status, 200);
        assert.equal((await bulk(wire, 50)).status, 429);
        target.emulator.context.clock.setOffset(3600);
        assert.equal((await bulk(wire, 100)).status, 200);
        assert.equal((await bulk(wire, 50)).status, 429);
    });

    it("delays requests before it refuses them", async () => {
        const { wire } = newHub("S1");
        await bulk(wire, 100);
        const start = process.hrtime.bigint();
        assert.equal((await wire.ask("GET", "/devices")).status, 200);
        const seconds = Number(process.hrtime.bigint() - start) / 1e9;
        assert.ok(seconds > 0.3 && seconds < 3, `${seconds} s`);
    });

    const limits: readonly (readonly [string, number, number])[] = [
        ["F1", 1, 100],
        ["S1", 2, 200],
        ["S2", 1, 100],
        ["B1", 1, 100],
        ["S3", 1, 5000],
        ["B3", 1, 5000],
    ];
    for (const [sku, units, amount] of limits) {
        it(`lets ${amount} operations through on ${sku} x ${units}`, async () => {
            const { wire } = newHub(sku, units);
            for (let sent = 0; sent < amount; sent += 100) {
                assert.equal((await bulk(wire, 100)).status, 200, `${sent}`);
            }
            const isLarge = amount > 1000;
            // 5,000 a minute are 83 a second: another 100 of them only have to wait.
            assert.equal((await bulk(wire, 100)).status, isLarge ? 200 : 429);
        }).timeout(20_000);
    }

    it("limits queries separately: 20 per minute, 1,000 on S3", async () => {
        const { wire } = newHub("S1");
        const request = { body: { query: "SELECT COUNT() FROM devices" } };
        await bulk(wire, 100);
        for (let times = 0; times < 20; times++) {
            assert.equal((await wire.ask("POST", "/devices/query", request)).status, 200);
        }
        // One query is three seconds' worth; the next but one is beyond what is held back.
        const later = await Promise.all(
            [1, 2, 3].map(() => wire.ask("POST", "/devices/query", request)),
        );
        assert.ok(later.some((reply) => reply.status === 429));
        const { wire: large } = newHub("S3");
        for (let times = 0; times < 40; times++) {
            assert.equal((await large.ask("POST", "/devices/query", request)).status, 200);
        }
    });

    it("does not count what is refused for lack of access", async () => {
        const { hub, wire } = newHub("S1");
        const headers = { authorization: sharedAccess(hub, "service") };
        for (let times = 0; times < 120; times++) {
            assert.equal((await wire.ask("GET", "/devices", { headers })).status, 401);
        }
        assert.equal((await bulk(wire, 100)).status, 200);
    });
});
