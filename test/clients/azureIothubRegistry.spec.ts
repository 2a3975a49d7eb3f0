import * as assert from "assert";
import { IotHubClient } from "@azure/arm-iothub";
import { DefaultAzureCredential } from "@azure/identity";
import { Device, Registry, Twin } from "azure-iothub";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";

interface SdkError extends Error {
    readonly response?: { readonly statusCode: number };
    readonly responseBody?: string;
}

interface BulkResult {
    readonly isSuccessful: boolean;
    readonly errors: readonly { readonly deviceId: string; readonly errorCode: string }[];
}

const group = "rg-azure-iothub-registry";
const hub = `registry-${process.pid}`;
const hostName = `${hub}.azure-devices.net`;

describe("azure-iothub Registry", () => {
    let arm: IotHubClient;
    let bySharedAccess: Registry;
    let byToken: Registry;

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        const key = await arm.iotHubResource.getKeysForKeyName(group, hub, "iothubowner");
        bySharedAccess = Registry.fromConnectionString(
            `HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=${key.primaryKey}`,
        );
        byToken = Registry.fromTokenCredential(hostName, new DefaultAzureCredential());
    });
    after(() => dropGroup(arm, group));

    const named = (count: number, prefix: string): { deviceId: string }[] =>
        Array.from({ length: count }, (_, index) => ({ deviceId: `${prefix}${index}` }));

    for (const way of ["a shared access key", "an Entra token"]) {
        describe(`with ${way}`, () => {
            const registry = (): Registry => (way === "an Entra token" ? byToken : bySharedAccess);
            const id = way === "an Entra token" ? "entra" : "sas";

            it("creates, reads, updates and deletes a device", async () => {
                const made = await registry().create({
                    deviceId: id,
                    status: "enabled",
                    authentication: { type: "certificateAuthority" },
                });
                assert.equal(authenticationType(made.responseBody), "certificateAuthority");
                await fails(registry().create({ deviceId: id }), "DeviceAlreadyExistsError", 409);
                const { responseBody: read } = await registry().get(id);
                assert.equal(read.deviceId, id);
                const updated = await registry().update({
                    deviceId: id,
                    status: "disabled",
                    statusReason: "lost",
                    authentication: { type: "certificateAuthority" },
                } as Partial<Device> as { deviceId: string });
                assert.equal(updated.responseBody.status, "disabled");
                assert.notEqual(updated.responseBody.etag, read.etag);
                await registry().delete(id);
                await fails(registry().get(id), "DeviceNotFoundError", 404);
                await fails(registry().delete(id), "DeviceNotFoundError", 404);
                await fails(registry().update({ deviceId: id }), "DeviceNotFoundError", 404);
            });
        });
    }

    it("lists and counts", async () => {
        await byToken.addDevices(named(3, "list"));
        const { responseBody: devices } = await byToken.list();
        assert.equal(devices.length, 3);
        const { responseBody: statistics } = await byToken.getRegistryStatistics();
        assert.equal(statistics.totalDeviceCount, 3);
        await byToken.removeDevices(named(3, "list"), true);
    });

    it("creates, updates and removes 100 devices in one call", async () => {
        const devices = named(100, "bulk");
        const added = await byToken.addDevices(devices);
        assert.equal((added.responseBody as unknown as BulkResult).isSuccessful, true);
        const etags = new Map(
            (await byToken.list()).responseBody.map((one) => [one.deviceId, one.etag]),
        );
        const changes = devices.map((one) => ({
            ...one,
            status: "disabled",
            etag: etags.get(one.deviceId),
        }));
        await byToken.updateDevices(changes, false);
        assert.equal((await byToken.get("bulk99")).responseBody.status, "disabled");
        await fails(byToken.updateDevices(changes, false), "ArgumentError", 400, (result) => {
            assert.equal(result.errors.length, 100);
            assert.equal(result.errors[0].errorCode, "PreconditionFailed");
        });
        await byToken.updateDevices(changes, true);
        await fails(byToken.removeDevices(changes, false), "ArgumentError", 400);
        await byToken.removeDevices(devices, true);
        assert.deepEqual((await byToken.list()).responseBody, []);
    });

    it("reports the device of a bulk call that failed", async () => {
        await byToken.create({ deviceId: "there" });
        const devices = [{ deviceId: "there" }, { deviceId: "fresh" }];
        await fails(byToken.addDevices(devices), "ArgumentError", 400, (result) => {
            assert.equal(result.isSuccessful, false);
            assert.deepEqual(
                result.errors.map((one) => [one.deviceId, one.errorCode]),
                [["there", "DeviceAlreadyExists"]],
            );
        });
        assert.equal((await byToken.get("fresh")).responseBody.deviceId, "fresh");
        await byToken.removeDevices(devices, true);
    });

    it("refuses 101 devices", async () => {
        await assert.rejects(byToken.addDevices(named(101, "x")), /invalid size of 101/);
        assert.deepEqual((await byToken.list()).responseBody, []);
    });

    it("pages through a query", async () => {
        await byToken.addDevices(named(25, "page"));
        const query = byToken.createQuery("SELECT * FROM devices", 10);
        const sizes: number[] = [];
        const seen = new Set<string>();
        while (query.hasMoreResults) {
            const { result } = await query.nextAsTwin();
            sizes.push((result as Twin[]).length);
            (result as Twin[]).forEach((twin) => seen.add(twin.deviceId));
        }
        assert.deepEqual([sizes, seen.size], [[10, 10, 5], 25]);
        const count = byToken.createQuery("SELECT COUNT() AS n FROM devices");
        assert.deepEqual((await count.next()).result, [{ n: 25 }]);
        const wrong = byToken.createQuery("SELECT nothing");
        await fails(wrong.next(), "ArgumentError", 400);
        await byToken.removeDevices(named(25, "page"), true);
    });

    it("reads and updates twins according to their ETags", async () => {
        await byToken.create({ deviceId: "twin" });
        const { responseBody: twin } = await byToken.getTwin("twin");
        const etag = twin.etag;
        const patch = { tags: { site: "a" }, properties: { desired: { interval: 60 } } };
        const { responseBody: written } = await byToken.updateTwin("twin", patch, etag);
        assert.deepEqual(written.tags, { site: "a" });
        assert.equal(written.properties.desired.interval, 60);
        await fails(byToken.updateTwin("twin", patch, etag), "InvalidEtagError", 412);
        await written.update({ properties: { desired: { interval: null } } });
        const { responseBody: read } = await bySharedAccess.getTwin("twin");
        assert.equal("interval" in read.properties.desired, false);
        await byToken.delete("twin");
        await fails(byToken.getTwin("twin"), "DeviceNotFoundError", 404);
    });

    it("is refused with the key of another policy", async () => {
        const key = await arm.iotHubResource.getKeysForKeyName(group, hub, "service");
        const service = Registry.fromConnectionString(
            `HostName=${hostName};SharedAccessKeyName=service;SharedAccessKey=${key.primaryKey}`,
        );
        await fails(service.list(), "UnauthorizedError", 401);
    });
});

async function fails(
    action: Promise<unknown>,
    name: string,
    status: number,
    check: (result: BulkResult) => void = () => undefined,
): Promise<void> {
    const error = await action.then(
        () => assert.fail(`no ${name}`),
        (reason: SdkError) => reason,
    );
    assert.equal(error.name, name, error.message);
    assert.equal(error.response?.statusCode, status);
    check(JSON.parse(error.responseBody ?? "{}") as BulkResult);
}

/** The SDK's types lack `type`, which the service sends. */
function authenticationType(device: Device): unknown {
    return (device.authentication as { type?: unknown } | undefined)?.type;
}
