import * as assert from "assert";
import { Device, Hub } from "../hub/model";
import { PrivateEmulator, startPrivate } from "../../test/support/emulator";
import {
    addHub,
    HubWire,
    refused,
    send,
    sharedAccess,
    WireReply,
    WireRequest,
} from "../../test/support/hubWire";

const version = "?api-version=2021-04-12";
const thumbprint = "A1".repeat(20);

interface Identity {
    readonly deviceId: string;
    readonly etag: string;
    readonly generationId: string;
    readonly status: string;
    readonly statusUpdatedTime: string;
    readonly connectionState: string;
    readonly authentication: {
        readonly type: string;
        readonly symmetricKey: { primaryKey: string | null; secondaryKey: string | null };
        readonly x509Thumbprint: { primaryThumbprint: string | null };
    };
}

describe("registry on the wire", () => {
    let target: PrivateEmulator;
    let hub: Hub;
    let authorization: string;
    let wire: HubWire;

    before(async () => {
        target = await startPrivate();
        hub = addHub(target.emulator, "wirehub");
        authorization = sharedAccess(hub, "iothubowner");
        wire = new HubWire(target, hub, authorization);
    });
    after(() => target.stop());
    beforeEach(() => hub.devices.clear());

    const ask = (method: string, path: string, request?: WireRequest): Promise<WireReply> =>
        wire.ask(method, path, request);
    const put = (deviceId: string, more?: object, ifMatch?: string): Promise<WireReply> =>
        wire.put(deviceId, more, ifMatch);
    const identity = (reply: WireReply): Identity => {
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
        return reply.body as Identity;
    };
    describe("addressing", () => {
        it("refuses a missing and an unknown api-version", async () => {
            const headers = { authorization };
            const bare = await send(target, hub.hostName, "GET", "/devices", { headers });
            refused(bare, 400, "InvalidProtocolVersion");
            const odd = await send(target, hub.hostName, "GET", "/devices?api-version=1999-01-01", {
                headers,
            });
            refused(odd, 400, "InvalidProtocolVersion");
        });

        for (const known of ["2018-06-30", "2020-05-31-preview", "2020-09-30", "2024-03-31"]) {
            it(`takes api-version ${known}`, async () => {
                const path = `/devices?api-version=${known}`;
                const reply = await send(target, hub.hostName, "GET", path, {
                    headers: { authorization },
                });
                assert.equal(reply.status, 200);
            });
        }

        it("does not find a hub that does not exist or is still being created", async () => {
            const headers = { authorization };
            const path = "/devices" + version;
            refused(
                await send(target, "nohub.azure-devices.net", "GET", path, { headers }),
                404,
                "IotHubNotFound",
            );
            const young = addHub(target.emulator, "younghub");
            young.state = "Activating";
            refused(
                await send(target, young.hostName, "GET", path, { headers }),
                404,
                "IotHubNotFound",
            );
        });

        it("answers 501 to what it does not emulate", async () => {
            for (const [method, path] of [
                ["GET", "/jobs"],
                ["GET", "/configurations"],
                ["GET", "/digitaltwins/d"],
                ["PUT", "/devices/d/modules/m"],
            ]) {
                const reply = await ask(method, path);
                assert.equal(reply.status, 501, `${method} ${path}`);
                assert.match(JSON.stringify(reply.body), /does not implement/);
            }
        });
    });

    describe("identities", () => {
        it("shows a new identity as Azure does", async () => {
            const reply = await put("d1", { authentication: { type: "certificateAuthority" } });
            const { etag, generationId, ...rest } = identity(reply);
            assert.match(generationId, /^\d{18}$/);
            assert.match(Buffer.from(etag, "base64").toString(), /^\d+$/);
            assert.equal(reply.headers.etag, `"${etag}"`);
            assert.equal(reply.headers["content-type"], "application/json; charset=utf-8");
            // Recorded session DevicesClient_UpdateDevice_EtagDoesNotMatch of azure-sdk-for-net, with CA authentication.
            assert.deepEqual(rest, {
                deviceId: "d1",
                connectionState: "Disconnected",
                status: "enabled",
                statusReason: null,
                connectionStateUpdatedTime: "0001-01-01T00:00:00Z",
                statusUpdatedTime: "0001-01-01T00:00:00Z",
                lastActivityTime: "0001-01-01T00:00:00Z",
                cloudToDeviceMessageCount: 0,
                authentication: {
                    symmetricKey: { primaryKey: null, secondaryKey: null },
                    x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
                    type: "certificateAuthority",
                },
                capabilities: { iotEdge: false },
                parentScopes: [],
            });
            assert.deepEqual((await ask("GET", "/devices/d1")).body, reply.body);
        });

        it("only creates without If-Match, also with the empty tag of azure-sdk-for-net", async () => {
            const { etag } = identity(await put("d1", {}, '""'));
            refused(await put("d1"), 409, "DeviceAlreadyExists", "'d1' is already registered");
            refused(await put("d1", { etag }), 409, "DeviceAlreadyExists");
        });

        it("only updates with If-Match: quoted, unquoted and *; refuses a stale one", async () => {
            refused(await put("d1", {}, "*"), 404, "DeviceNotFound", "d1");
            refused(await put("d1", {}, '"MTI="'), 404, "DeviceNotFound");
            const first = identity(await put("d1"));
            const second = identity(await put("d1", {}, `"${first.etag}"`));
            assert.notEqual(second.etag, first.etag);
            const third = identity(await put("d1", {}, second.etag));
            identity(await put("d1", {}, "*"));
            identity(await put("d1", {}, '"*"'));
            refused(await put("d1", {}, `"${third.etag}"`), 412, "PreconditionFailed");
            assert.equal(third.generationId, first.generationId);
        });

        it("ignores If-None-Match", async () => {
            identity(await put("d1"));
            const reply = await ask("PUT", "/devices/d1", {
                body: { deviceId: "d1" },
                headers: { "if-none-match": "*" },
            });
            refused(reply, 409, "DeviceAlreadyExists");
            const read = await ask("GET", "/devices/d1", { headers: { "if-none-match": "*" } });
            assert.equal(read.status, 200);
        });

        it("replaces in full: without authentication, it generates SAS keys", async () => {
            identity(
                await put("d1", {
                    status: "disabled",
                    statusReason: "stolen",
                    authentication: { type: "certificateAuthority" },
                }),
            );
            const after = identity(await put("d1", {}, "*"));
            assert.equal(after.authentication.type, "sas");
            assert.equal(after.status, "enabled");
            assert.notEqual(after.statusUpdatedTime, "0001-01-01T00:00:00Z");
            const { primaryKey, secondaryKey } = after.authentication.symmetricKey;
            assert.equal(Buffer.from(primaryKey ?? "", "base64").length, 32);
            assert.notEqual(primaryKey, secondaryKey);
        });

        it("requires If-Match for a deletion", async () => {
            const { etag } = identity(await put("d1"));
            refused(await ask("DELETE", "/devices/d1"), 412, "PreconditionFailed", "Etag missing");
            const stale = await ask("DELETE", "/devices/d1", { headers: { "if-match": "MTI=" } });
            refused(stale, 412, "PreconditionFailed");
            const gone = await ask("DELETE", "/devices/d1", { headers: { "if-match": etag } });
            assert.equal(gone.status, 204);
            assert.equal(gone.body, undefined);
            const again = await ask("DELETE", "/devices/d1", { headers: { "if-match": "*" } });
            refused(again, 404, "DeviceNotFound", "d1");
            refused(await ask("GET", "/devices/d1"), 404, "DeviceNotFound", ";d1");
        });

        it("gives a device that is created again another generation", async () => {
            const first = identity(await put("d1"));
            await ask("DELETE", "/devices/d1", { headers: { "if-match": "*" } });
            await new Promise((resolve) => setTimeout(resolve, 2));
            assert.notEqual(identity(await put("d1")).generationId, first.generationId);
        });

        it("accepts every character that a device ID may have, and distinguishes letter case", async () => {
            const strange = "aZ09-.+%_#*?!(),=@$'";
            assert.equal(identity(await put(strange)).deviceId, strange);
            identity(await ask("GET", `/devices/${encodeURIComponent(strange)}`));
            identity(await put("case"));
            identity(await put("CASE"));
            identity(await put("x".repeat(128)));
        });

        const bad: readonly (readonly [string, string, object, string, string?])[] = [
            ["a device ID of 129 characters", "x".repeat(129), {}, "ArgumentInvalid"],
            ["a space in the device ID", "a b", {}, "ArgumentInvalid"],
            ["a letter beyond ASCII", "gerät", {}, "ArgumentInvalid"],
            ["another device ID in the body", "d1", { deviceId: "d2" }, "ArgumentInvalid"],
            ["no device ID in the body", "d1", { deviceId: undefined }, "ArgumentNull"],
            ["an unknown status", "d1", { status: "off" }, "IotHubFormatError"],
            ["a long reason", "d1", { statusReason: "r".repeat(129) }, "ArgumentInvalid"],
            [
                "type none",
                "d1",
                { authentication: { type: "none" } },
                "ArgumentInvalid",
                "DeviceAuthenticationTypeIsMissing",
            ],
            [
                "a thumbprint with separators",
                "d1",
                selfSigned("A1:".repeat(19) + "A1"),
                "ArgumentInvalid",
                "StringIsNotThumbprint",
            ],
            [
                "a thumbprint of another length",
                "d1",
                selfSigned("A1".repeat(21)),
                "ArgumentInvalid",
                "StringIsNotThumbprint",
            ],
            [
                "one key alone",
                "d1",
                keys({ primaryKey: key(32) }),
                "ArgumentInvalid",
                "Either no keys or both keys can be set",
            ],
            [
                "a key of 15 bytes",
                "d1",
                keys({ primaryKey: key(15), secondaryKey: key(32) }),
                "ArgumentInvalid",
                "Invalid device key length",
            ],
            [
                "a key of 65 bytes",
                "d1",
                keys({ primaryKey: key(65), secondaryKey: key(32) }),
                "ArgumentInvalid",
                "Invalid device key length",
            ],
            [
                "a key that is not base64",
                "d1",
                keys({ primaryKey: "not base64, at all, no", secondaryKey: key(32) }),
                "ArgumentInvalid",
                "Invalid device key length",
            ],
        ];
        for (const [what, deviceId, body, code, text] of bad) {
            it(`refuses ${what}`, async () => {
                refused(await put(deviceId, body), 400, code, text);
                assert.equal(hub.devices.size, 0);
            });
        }

        it("refuses a body that is not JSON", async () => {
            refused(await ask("PUT", "/devices/d1", { body: "{" }), 400, "IotHubFormatError");
            refused(await ask("PUT", "/devices/d1", { body: [] }), 400, "IotHubFormatError");
        });

        it("accepts SHA-1 and SHA-256 thumbprints, and selfSigned without any", async () => {
            const lower = identity(await put("d1", selfSigned("ab".repeat(20))));
            assert.equal(lower.authentication.x509Thumbprint.primaryThumbprint, "ab".repeat(20));
            identity(await put("d2", selfSigned("AB".repeat(32))));
            const empty = identity(await put("d3", { authentication: { type: "selfSigned" } }));
            assert.equal(empty.authentication.type, "selfSigned");
            assert.equal(empty.authentication.symmetricKey.primaryKey, null);
        });

        it("echoes given keys of 16 and 64 bytes", async () => {
            const given = { primaryKey: key(16), secondaryKey: key(64) };
            const { authentication } = identity(await put("d1", keys(given)));
            assert.deepEqual(authentication.symmetricKey, given);
        });

        it("lists, up to top", async () => {
            for (const deviceId of ["a", "b", "c"]) {
                await put(deviceId);
            }
            const all = (await ask("GET", "/devices")).body as Identity[];
            assert.deepEqual(all.map((one) => one.deviceId).sort(), ["a", "b", "c"]);
            const two = await ask("GET", "/devices?top=2");
            assert.equal((two.body as Identity[]).length, 2);
        });

        it("lists no modules, and names a missing one in the numbered envelope", async () => {
            await put("d1");
            assert.deepEqual((await ask("GET", "/devices/d1/modules")).body, []);
            const reply = await ask("GET", "/devices/d1/modules/m1");
            assert.equal(reply.status, 404);
            assert.equal(reply.headers["iothub-errorcode"], "ModuleNotFound");
            assert.equal((reply.body as { errorCode: number }).errorCode, 404010);
        });

        it("notifies the hub's other endpoints about changes and deletions", async () => {
            const seen: string[] = [];
            const { events } = target.emulator.context.hubs;
            events.on("deviceChanged", (_, device: Device) => {
                seen.push(`${device.deviceId} ${device.status}`);
            });
            events.on("deviceRemoved", (_, deviceId) => {
                seen.push(`${deviceId} gone`);
            });
            await put("d1");
            await put("d1", { status: "disabled" }, "*");
            await ask("DELETE", "/devices/d1", { headers: { "if-match": "*" } });
            assert.deepEqual(seen, ["d1 enabled", "d1 disabled", "d1 gone"]);
        });
    });

    it("keeps thumbprints out of identities of other types", async () => {
        const reply = await put("d1", {
            authentication: {
                type: "certificateAuthority",
                x509Thumbprint: { primaryThumbprint: thumbprint },
            },
        });
        assert.equal(identity(reply).authentication.x509Thumbprint.primaryThumbprint, null);
    });
});

function selfSigned(primaryThumbprint: string): object {
    return { authentication: { type: "selfSigned", x509Thumbprint: { primaryThumbprint } } };
}

function keys(symmetricKey: object): object {
    return { authentication: { type: "sas", symmetricKey } };
}

function key(bytes: number): string {
    return Buffer.alloc(bytes, 7).toString("base64");
}
