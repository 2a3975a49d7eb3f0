import * as assert from "assert";
import { Hub } from "../hub/model";
import { PrivateEmulator, startPrivate } from "../../test/support/emulator";
import {
    addHub,
    HubWire,
    refused,
    sharedAccess,
    WireReply,
    WireRequest,
} from "../../test/support/hubWire";

describe("registry bulk, methods and statistics", () => {
    let target: PrivateEmulator;
    let hub: Hub;
    let wire: HubWire;

    before(async () => {
        target = await startPrivate();
        hub = addHub(target.emulator, "bulkhub");
        wire = new HubWire(target, hub, sharedAccess(hub, "iothubowner"));
    });
    after(() => target.stop());
    beforeEach(() => hub.devices.clear());

    const ask = (method: string, path: string, request?: WireRequest): Promise<WireReply> =>
        wire.ask(method, path, request);
    const put = (deviceId: string, more?: object, ifMatch?: string): Promise<WireReply> =>
        wire.put(deviceId, more, ifMatch);

    describe("bulk", () => {
        const bulk = (items: readonly object[]): Promise<WireReply> =>
            ask("POST", "/devices", { body: items });

        it("applies each item separately and names failed ones, with 400", async () => {
            await put("old");
            const { etag } = (await put("versioned")).body as { etag: string };
            const reply = await bulk([
                {
                    id: "new",
                    importMode: "create",
                    authentication: { type: "certificateAuthority" },
                },
                { id: "old", importMode: "create" },
                { id: "missing", importMode: "update" },
                { id: "gone", importMode: "delete" },
                { id: "versioned", importMode: "updateIfMatchETag", eTag: "MTI=" },
                {
                    id: "bad",
                    importMode: "create",
                    authentication: {
                        type: "selfSigned",
                        x509Thumbprint: { primaryThumbprint: "a:b" },
                    },
                },
            ]);
            assert.equal(reply.status, 400);
            assert.equal(reply.headers["iothub-errorcode"], "BulkRegistryOperationFailure");
            const result = reply.body as {
                isSuccessful: boolean;
                errors: { deviceId: string; errorCode: string }[];
                warnings: unknown[];
            };
            assert.equal(result.isSuccessful, false);
            assert.deepEqual(
                result.errors.map((one) => [one.deviceId, one.errorCode]),
                [
                    ["old", "DeviceAlreadyExists"],
                    ["missing", "DeviceNotFound"],
                    ["gone", "DeviceNotFound"],
                    ["versioned", "PreconditionFailed"],
                    ["bad", "ArgumentInvalid"],
                ],
            );
            assert.deepEqual([...hub.devices.keys()].sort(), ["new", "old", "versioned"]);
            const well = await bulk([
                {
                    id: "versioned",
                    importMode: "updateIfMatchETag",
                    eTag: etag,
                    status: "disabled",
                },
                { id: "old", importMode: "delete" },
                { id: "new", importMode: "deleteIfMatchETag", eTag: hub.devices.get("new")?.etag },
            ]);
            // Recorded session DevicesClient_BulkCreation of azure-sdk-for-net.
            assert.deepEqual(
                [well.status, well.body],
                [200, { isSuccessful: true, errors: [], warnings: [] }],
            );
            assert.equal(hub.devices.get("versioned")?.status, "disabled");
        });

        it("creates a new device with its twin", async () => {
            await bulk([
                {
                    id: "d1",
                    importMode: "create",
                    tags: { site: "a" },
                    properties: { desired: { user: "userA" } },
                },
            ]);
            const twin = (await ask("GET", "/twins/d1")).body as {
                tags: unknown;
                version: number;
                etag: string;
                properties: { desired: { user: string; $version: number } };
            };
            // Recorded session DevicesClient_BulkCreation_DeviceWithTwin: versions as of a twin never written.
            assert.deepEqual([twin.version, twin.etag], [2, "AAAAAAAAAAE="]);
            assert.equal(twin.properties.desired.user, "userA");
            assert.equal(twin.properties.desired.$version, 1);
            assert.deepEqual(twin.tags, { site: "a" });
        });

        it("accepts 100 devices and refuses 101, an empty list and a repeated device", async () => {
            const items = Array.from({ length: 101 }, (_, index) => ({
                id: `b${index}`,
                importMode: "create",
            }));
            refused(await bulk(items), 400, "ArgumentInvalid", "at most 100");
            assert.equal(hub.devices.size, 0);
            assert.equal((await bulk(items.slice(1))).status, 200);
            assert.equal(hub.devices.size, 100);
            refused(await bulk([]), 400, "ArgumentNull");
            const twice = [
                { id: "t", importMode: "create" },
                { id: "t", importMode: "delete" },
            ];
            refused(await bulk(twice), 400, "DeviceDefinedMultipleTimes", "t");
        });

        it("answers 501 to modules and twin modes", async () => {
            const forModule = await bulk([{ id: "d", moduleId: "m", importMode: "create" }]);
            assert.equal(forModule.status, 501);
            const forTwin = await bulk([{ id: "d", importMode: "updateTwin" }]);
            assert.equal(forTwin.status, 501);
        });
    });

    describe("methods, statistics, queue", () => {
        it("names an offline device in the nested envelope", async () => {
            await put("d1");
            const call = { body: { methodName: "reboot", payload: null } };
            const reply = await ask("POST", "/twins/d1/methods", call);
            assert.equal(reply.status, 404);
            assert.equal(reply.headers["iothub-errorcode"], "DeviceNotOnline");
            const { Message: nested } = reply.body as { Message: string };
            const inner = JSON.parse(nested) as { errorCode: number; message: string };
            assert.equal(inner.errorCode, 404103);
            assert.match(inner.message, /isn't online/);
        });

        it("refuses timeouts outside 5 to 300 seconds, and a connect timeout beyond", async () => {
            await put("d1");
            for (const body of [
                { methodName: "m", responseTimeoutInSeconds: 4 },
                { methodName: "m", responseTimeoutInSeconds: 301 },
                { methodName: "m", responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 20 },
            ]) {
                const reply = await ask("POST", "/twins/d1/methods", { body });
                assert.equal(reply.status, 400);
                assert.equal(reply.headers["iothub-errorcode"], "ArgumentInvalid");
            }
        });

        it("counts devices", async () => {
            await put("d1");
            await put("d2", { status: "disabled" });
            assert.deepEqual((await ask("GET", "/statistics/devices")).body, {
                totalDeviceCount: 2,
                enabledDeviceCount: 1,
                disabledDeviceCount: 1,
            });
            assert.deepEqual((await ask("GET", "/statistics/service")).body, {
                connectedDeviceCount: 0,
            });
        });

        it("empties a device's queue", async () => {
            await put("d1");
            hub.devices.get("d1")?.inbox.push({
                messageId: "m",
                body: Buffer.from("x"),
                properties: {},
                systemProperties: {},
            });
            const reply = await ask("DELETE", "/devices/d1/commands");
            assert.deepEqual(reply.body, {
                deviceId: "d1",
                moduleId: null,
                totalMessagesPurged: 1,
            });
            assert.equal(hub.devices.get("d1")?.inbox.length, 0);
        });
    });
});
