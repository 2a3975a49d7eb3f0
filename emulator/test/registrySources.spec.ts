import * as assert from "assert";
import { Hub } from "../hub/model";
import { PrivateEmulator, startPrivate } from "../../test/support/emulator";
import { addHub, HubWire, refused, sharedAccess } from "../../test/support/hubWire";

interface Identity {
    readonly etag: string;
    readonly deviceScope?: string;
    readonly parentScopes: readonly string[];
    readonly capabilities: { readonly iotEdge: boolean };
}

const edge = { capabilities: { iotEdge: true } };

describe("a hub's registry as observed on live hubs and documented", () => {
    let target: PrivateEmulator;
    let hub: Hub;
    let wire: HubWire;

    const open = (one: Hub) => new HubWire(target, one, sharedAccess(one, "iothubowner"));

    before(async () => {
        target = await startPrivate();
        hub = addHub(target.emulator, "sourcehub");
        wire = open(hub);
    });
    after(() => target.stop());
    beforeEach(async () => {
        hub.devices.clear();
        await target.manage("PATCH", "/settings", {
            bulkIsAtomic: false,
            emptyCountHasNoRow: false,
            queryIndexLagSeconds: 0,
            statisticsLagSeconds: 0,
        });
    });

    async function put(id: string, more: object = {}, ifMatch?: string): Promise<Identity> {
        const reply = await wire.put(id, more, ifMatch);
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
        return reply.body as Identity;
    }

    async function twin(id: string): Promise<Partial<Identity>> {
        return (await wire.ask("GET", `/twins/${id}`)).body as Partial<Identity>;
    }

    describe("IoT Edge", () => {
        it("an edge device has its own scope, which each write must repeat", async () => {
            const made = await put("gateway", { ...edge, deviceScope: "ignored" });
            const scope = made.deviceScope ?? "";
            assert.match(scope, /^ms-azure-iot-edge:\/\/gateway-\d+$/);
            const without = [edge, { ...edge, deviceScope: "" }, { ...edge, deviceScope: "x" }];
            for (const body of without) {
                const reply = await wire.put("gateway", body, "*");
                refused(reply, 400, "ArgumentInvalid", "Device scope is immutable");
            }
            const written = await put("gateway", { ...edge, deviceScope: scope }, "*");
            assert.equal(written.deviceScope, scope);
        });

        it("a write without capabilities makes an edge device an ordinary one, by PUT and in bulk", async () => {
            for (const id of ["by-put", "by-bulk"]) {
                await put(id, edge);
            }
            assert.equal((await put("by-put", {}, "*")).capabilities.iotEdge, false);
            const item = { id: "by-bulk", importMode: "update", status: "enabled" };
            assert.equal((await wire.ask("POST", "/devices", { body: [item] })).status, 200);
            assert.deepEqual((await twin("by-bulk")).capabilities, { iotEdge: false });
        });

        it("a child keeps its parent as long as each write names it", async () => {
            const { deviceScope = "" } = await put("gateway", edge);
            const leaf = await put("leaf", { deviceScope });
            assert.deepEqual([leaf.deviceScope, leaf.parentScopes], [deviceScope, [deviceScope]]);
            const lower = await put("lower", { ...edge, parentScopes: [deviceScope] });
            assert.deepEqual((await twin("lower")).parentScopes, [deviceScope]);
            assert.notEqual(lower.deviceScope, deviceScope);
            assert.deepEqual((await put("leaf", {}, "*")).parentScopes, []);
            const own = { ...edge, deviceScope: lower.deviceScope };
            assert.deepEqual((await put("lower", own, "*")).parentScopes, []);
            assert.equal("parentScopes" in (await twin("lower")), false);
        });

        it("parentScopes alone are ignored for a device that is not an edge device", async () => {
            const { deviceScope = "" } = await put("gateway", edge);
            assert.deepEqual((await put("leaf", { parentScopes: [deviceScope] })).parentScopes, []);
        });

        it("a device that becomes an edge device must not name a scope", async () => {
            const { deviceScope = "" } = await put("gateway", edge);
            await put("leaf", { deviceScope });
            const named = await wire.put("leaf", { ...edge, deviceScope }, "*");
            refused(named, 503, "ServiceUnavailable");
            const made = await put("leaf", { ...edge, parentScopes: [deviceScope] }, "*");
            assert.match(made.deviceScope ?? "", /leaf-/);
            assert.deepEqual(made.parentScopes, [deviceScope]);
        });
    });

    describe("a Basic tier", () => {
        const code = "OperationNotAvailableInCurrentTier";

        for (const name of ["B1", "B2", "B3"]) {
            it(`${name} has identities and queries, and no twins, methods or edge devices`, async () => {
                const basic = open(
                    addHub(target.emulator, `hub-${name.toLowerCase()}`, { name, capacity: 1 }),
                );
                assert.equal((await basic.put("d")).status, 200);
                const item = { id: "e", importMode: "create" };
                assert.equal((await basic.ask("POST", "/devices", { body: [item] })).status, 200);
                const query = { body: { query: "SELECT deviceId FROM devices" } };
                assert.equal((await basic.ask("POST", "/devices/query", query)).status, 200);
                refused(await basic.ask("GET", "/twins/d"), 403, code);
                for (const method of ["PATCH", "PUT"]) {
                    refused(await basic.ask(method, "/twins/d", { body: { tags: {} } }), 403, code);
                }
                refused(await basic.ask("DELETE", "/devices/d/commands"), 403, code);
                refused(await basic.put("edge", edge), 403, code);
                const call = { body: { methodName: "reboot" } };
                const method = await basic.ask("POST", "/twins/d/methods", call);
                assert.equal(method.headers["iothub-errorcode"], code);
            });
        }
    });

    describe("what is not documented, in both variants", () => {
        const items = [
            { id: "new", importMode: "create" },
            { id: "missing", importMode: "update", status: "disabled" },
            { id: "old", importMode: "delete" },
            { id: "kept", importMode: "update", status: "disabled" },
        ];

        for (const bulkIsAtomic of [false, true]) {
            it(`a bulk request with a failed item does ${bulkIsAtomic ? "nothing" : "the others"}`, async () => {
                await put("old");
                await put("kept");
                await target.manage("PATCH", "/settings", { bulkIsAtomic });
                const { status, body } = await wire.ask("POST", "/devices", { body: items });
                const { errors } = body as { errors: { deviceId: string; errorCode: string }[] };
                assert.equal(status, 400);
                assert.deepEqual(
                    errors.map(({ deviceId, errorCode }) => [deviceId, errorCode]),
                    [["missing", "DeviceNotFound"]],
                );
                const present = [...hub.devices.values()].map(({ deviceId, status: now }) => [
                    deviceId,
                    now,
                ]);
                assert.deepEqual(
                    Object.fromEntries(present),
                    bulkIsAtomic
                        ? { old: "enabled", kept: "enabled" }
                        : { new: "enabled", kept: "disabled" },
                );
            });
        }

        for (const emptyCountHasNoRow of [false, true]) {
            it(`COUNT() without devices has ${emptyCountHasNoRow ? "no row" : "a row with 0"}`, async () => {
                await target.manage("PATCH", "/settings", { emptyCountHasNoRow });
                const body = { query: "SELECT COUNT() AS total FROM devices" };
                const rows = async () => (await wire.ask("POST", "/devices/query", { body })).body;
                assert.deepEqual(await rows(), emptyCountHasNoRow ? [] : [{ total: 0 }]);
                await put("one");
                assert.deepEqual(await rows(), [{ total: 1 }]);
            });
        }

        it("statistics count a deleted device for statisticsLagSeconds, and queries for theirs", async () => {
            const counts = async (): Promise<unknown[]> => {
                const { body } = await wire.ask("GET", "/statistics/devices");
                const query = { query: "SELECT COUNT() AS total FROM devices" };
                const answer = await wire.ask("POST", "/devices/query", { body: query });
                return [
                    (body as { totalDeviceCount: number }).totalDeviceCount,
                    (answer.body as { total: number }[])[0].total,
                ];
            };
            const lags = { statisticsLagSeconds: 600, queryIndexLagSeconds: 1500 };
            await target.manage("PATCH", "/settings", lags);
            await put("stays");
            await put("goes");
            await wire.ask("DELETE", "/devices/goes", { headers: { "if-match": "*" } });
            assert.equal((await wire.ask("GET", "/devices/goes")).status, 404);
            assert.equal((await wire.ask("GET", "/twins/goes")).status, 404);
            assert.deepEqual(await counts(), [2, 2]);
            try {
                await target.manage("PUT", "/clock", { offsetSeconds: 700 });
                assert.deepEqual(await counts(), [1, 2]);
                await target.manage("PUT", "/clock", { offsetSeconds: 1600 });
                assert.deepEqual(await counts(), [1, 1]);
            } finally {
                await target.manage("PUT", "/clock", { offsetSeconds: 0 });
            }
        });
    });
});
