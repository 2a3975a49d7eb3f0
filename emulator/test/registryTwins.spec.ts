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

interface Twin {
    readonly etag: string;
    readonly deviceEtag: string;
    readonly version: number;
    readonly tags?: unknown;
    readonly properties: { readonly desired: Record<string, unknown> };
}

describe("twins on the wire", () => {
    let target: PrivateEmulator;
    let hub: Hub;
    let wire: HubWire;
    const told: Record<string, unknown>[] = [];

    before(async () => {
        target = await startPrivate();
        hub = addHub(target.emulator, "twinhub");
        wire = new HubWire(target, hub, sharedAccess(hub, "iothubowner"));
        target.emulator.context.hubs.events.on("desiredChanged", (_hub, _device, patch) => {
            told.push(patch);
        });
    });
    after(() => target.stop());
    beforeEach(async () => {
        hub.devices.clear();
        told.length = 0;
        await wire.put("d1", { authentication: { type: "certificateAuthority" } });
    });

    const ask = (method: string, request?: WireRequest): Promise<WireReply> =>
        wire.ask(method, "/twins/d1", request);
    const twin = (reply: WireReply): Twin => {
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
        return reply.body as Twin;
    };
    /** Desired properties without what the service adds. */
    const plain = ({ properties }: Twin): Record<string, unknown> =>
        Object.fromEntries(
            Object.entries(properties.desired).filter(([name]) => !name.startsWith("$")),
        );

    it("has the identity's etag, first versions and no tags when new", async () => {
        const device = (await wire.ask("GET", "/devices/d1")).body as { etag: string };
        const fresh = twin(await ask("GET"));
        // Recorded session DevicesClient_DeviceTwinLifecycle of azure-sdk-for-net.
        assert.deepEqual([fresh.etag, fresh.version], ["AAAAAAAAAAE=", 2]);
        assert.equal(fresh.deviceEtag, device.etag);
        assert.equal(fresh.tags, undefined);
        const { $metadata, $version, ...rest } = fresh.properties.desired;
        assert.deepEqual(Object.keys($metadata as object), ["$lastUpdated"]);
        assert.deepEqual([$version, rest], [1, {}]);
    });

    it("identity writes change only its deviceEtag", async () => {
        const before = twin(await ask("GET"));
        const written = await wire.put("d1", { status: "disabled" }, "*");
        const after = twin(await ask("GET"));
        assert.equal(after.deviceEtag, (written.body as { etag: string }).etag);
        assert.equal(after.etag, before.etag);
        assert.equal(after.version, before.version);
    });

    it("merges a patch: sets, removes by null, replaces arrays, keeps the rest", async () => {
        await ask("PATCH", {
            body: {
                tags: { site: "a", fleet: { ring: 1, region: "eu" } },
                properties: { desired: { firmware: { channel: "stable" }, list: [1, 2] } },
            },
        });
        const reply = await ask("PATCH", {
            body: {
                tags: { fleet: { ring: null }, site: null },
                properties: {
                    desired: { $version: 99, $metadata: {}, firmware: { check: 1 }, list: [3] },
                },
            },
        });
        const merged = twin(reply);
        assert.deepEqual(merged.tags, { fleet: { region: "eu" } });
        assert.deepEqual(plain(merged), { firmware: { channel: "stable", check: 1 }, list: [3] });
        assert.deepEqual([merged.etag, merged.version], ["AAAAAAAAAAM=", 4]);
        assert.equal(merged.properties.desired.$version, 3);
        const metadata = merged.properties.desired.$metadata as {
            firmware: { check: { $lastUpdatedVersion: number } };
        };
        assert.equal(metadata.firmware.check.$lastUpdatedVersion, 3);
        assert.deepEqual(told[1], { firmware: { check: 1 }, list: [3] });
    });

    it("counts desired properties' versions only when they are written", async () => {
        const tagged = twin(await ask("PATCH", { body: { tags: { a: 1 } } }));
        assert.equal(tagged.properties.desired.$version, 1);
        assert.equal(tagged.version, 3);
        assert.deepEqual(told, []);
    });

    it("PUT replaces it and notifies the device of removed properties", async () => {
        await ask("PATCH", { body: { tags: { a: 1 }, properties: { desired: { x: 1, y: 1 } } } });
        const replaced = twin(await ask("PUT", { body: { properties: { desired: { y: 2 } } } }));
        assert.equal(replaced.tags, undefined);
        assert.deepEqual(plain(replaced), { y: 2 });
        assert.deepEqual(told[1], { x: null, y: 2 });
    });

    it("accepts If-Match with the twin's own ETag: quoted, unquoted, * and none", async () => {
        for (const header of ['"AAAAAAAAAAE="', "AAAAAAAAAAI=", "*", '"*"', undefined]) {
            const headers: Record<string, string> =
                header === undefined ? {} : { "if-match": header };
            twin(await ask("PATCH", { body: { tags: { n: 1 } }, headers }));
        }
        const stale = { body: { tags: { n: 2 } }, headers: { "if-match": '"AAAAAAAAAAE="' } };
        refused(await ask("PATCH", stale), 412, "PreconditionFailed");
        refused(await ask("PUT", stale), 412, "PreconditionFailed");
    });

    const nested = (levels: number): object =>
        levels === 0 ? { leaf: 1 } : { level: nested(levels - 1) };

    const bad: readonly (readonly [string, object])[] = [
        ["a key with a dot", { tags: { "a.b": 1 } }],
        ["a key with $", { tags: { a$: 1 } }],
        ["a key with #", { tags: { "a#": 1 } }],
        ["a key with a space", { properties: { desired: { "a b": 1 } } }],
        ["a key with a control character", { tags: { "a\u0001": 1 } }],
        ["a key over 1024 bytes", { tags: { ["k".repeat(1025)]: 1 } }],
        ["a text over 4096 bytes", { tags: { a: "x".repeat(4097) } }],
        ["an integer beyond 2^52 - 1", { tags: { a: 2 ** 52 } }],
        ["null in an array", { tags: { a: [null] } }],
        ["eleven levels", { properties: { desired: nested(10) } }],
        ["tags over 8 KB", { tags: texts(3) }],
        ["desired properties over 32 KB", { properties: { desired: texts(9) } }],
        ["tags that are a list", { tags: [] }],
        ["desired properties that are a text", { properties: { desired: "x" } }],
    ];
    for (const [what, body] of bad) {
        it(`refuses ${what}`, async () => {
            refused(await ask("PATCH", { body }), 400, "ArgumentInvalid");
            assert.equal(twin(await ask("GET")).version, 2);
        });
    }

    it("accepts values just within the limits", async () => {
        twin(await ask("PATCH", { body: { properties: { desired: nested(9) } } }));
        twin(
            await ask("PATCH", {
                body: {
                    tags: { ["k".repeat(1024)]: "x".repeat(4096), big: 2 ** 52 - 1, "": true },
                },
            }),
        );
        twin(await ask("PATCH", { body: { properties: { desired: texts(7) } } }));
    });

    it("has no twin without a device", async () => {
        refused(await wire.ask("GET", "/twins/none"), 404, "DeviceNotFound", ";none");
        refused(await wire.ask("PATCH", "/twins/none", { body: {} }), 404, "DeviceNotFound");
    });
});

/** So many properties of 4 KB each. */
function texts(count: number): object {
    return Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`t${index}`, "x".repeat(4096)]),
    );
}
