import { strict as assert } from "assert";
import { createHash } from "crypto";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { shared } from "../support/emulator";
import { authenticationType, DynamicHost, Props } from "../support/dynamicHost";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";

const group = "rg-dynamic-host-devices";
const hub = "iot-dynamic-host-devices";
const hostName = `${hub}.azure-devices.net`;
const deviceIdentity = "iothub/deviceIdentity";
const deviceCertificate = "pki/deviceCertificate";

describe("devices in Pulumi's provider host", function () {
    this.timeout(120_000);
    const { manage } = shared();
    let host: DynamicHost;
    let arm: IotHubClient;
    let registry: Registry;
    let hubId: string;

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub, "S3");
        hubId = `/subscriptions/${arm.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/${hub}`;
        registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
        host = await DynamicHost.start({ hub: JSON.stringify({ roleWaitSeconds: 0 }) });
    });

    after(async () => {
        await host?.stop();
        await dropGroup(arm, group);
    });

    describe("DeviceIdentity", () => {
        const thumbprint = "AB".repeat(32);
        let given: Props;
        let id: string;
        let state: Props;

        before(() => {
            given = {
                deviceId: "host-01",
                status: "enabled",
                owner: "iot-x509/unit",
                tags: { site: "lab", place: { floor: 1, room: "a" } },
            };
        });

        const checked = (device: Props, by = host) => by.checked(deviceIdentity, { hubId, device });

        /** What the outputs keep of the inputs. */
        const kept = ({ deviceId: _, adopt: __, ...properties }: Props): Props => ({
            ...properties,
            hubId,
        });

        it("create makes an enabled device of type certificateAuthority with its tags", async () => {
            const inputs = await checked(given);
            // The state has the whole ID once a device, in the outputs.
            const digest = createHash("sha256").update(hubId.toLowerCase()).digest("base64url");
            assert.equal(inputs.hubId, digest.slice(0, 8));
            ({ id, state } = await host.create(inputs));
            assert.equal(id, "host-01");
            assert.deepEqual(state, kept(inputs));
            const { responseBody: device } = await registry.get("host-01");
            assert.equal(device.status, "enabled");
            assert.equal(authenticationType(device), "certificateAuthority");
            const { responseBody: twin } = await registry.getTwin("host-01");
            assert.deepEqual(twin.tags, {
                ...(given.tags as Props),
                iotX509: { stack: "iot-x509/unit" },
            });
        });

        it("a repeated create adopts it", async () => {
            assert.deepEqual(await host.create(await checked(given)), {
                id,
                state,
            });
        });

        it("another hub replaces it, also one of the same name elsewhere; another case of the ID is the same hub", async () => {
            const under = async (newId: string): Promise<unknown> => {
                const news = await host.checked(deviceIdentity, { hubId: newId, device: given });
                return host.diff(id, state, news);
            };
            const replaced = { changes: true, replaces: ["hubId"] };
            assert.deepEqual(await under(hubId.replace(group, "rg-other")), replaced);
            assert.deepEqual(await under("04da6b54-80e4-46f7-96ec-b56ff0331ba9"), replaced);
            assert.deepEqual(await under(hubId.toUpperCase()), { changes: false, replaces: [] });
        });

        it("update changes what differs: thumbprints, status, tags at any depth", async () => {
            const news = await checked({
                ...given,
                status: "disabled",
                thumbprints: [thumbprint],
                tags: { place: { floor: 2 } },
            });
            assert.deepEqual(await host.diff(id, state, news), { changes: true, replaces: [] });
            state = await host.update(id, state, news);
            assert.deepEqual(state, kept(news));
            const { responseBody: device } = await registry.get("host-01");
            assert.equal(device.status, "disabled");
            assert.equal(authenticationType(device), "selfSigned");
            assert.equal(device.authentication?.x509Thumbprint?.primaryThumbprint, thumbprint);
            const { responseBody: twin } = await registry.getTwin("host-01");
            assert.deepEqual(twin.tags, {
                place: { floor: 2 },
                iotX509: { stack: "iot-x509/unit" },
            });
        });

        it("read shows manual changes, and not the tags of others", async () => {
            await registry.updateTwin("host-01", { tags: { others: 1, place: { floor: 3 } } }, "*");
            const found = await host.read(id, state);
            assert.deepEqual(found, { ...state, tags: { place: { floor: 3 } } });
            const news = await checked({
                ...given,
                status: "disabled",
                thumbprints: [thumbprint],
                tags: { place: { floor: 2 } },
            });
            assert.equal((await host.diff(id, found ?? {}, news)).changes, true);
            await host.update(id, found ?? {}, news);
            const { responseBody: twin } = await registry.getTwin("host-01");
            assert.deepEqual(twin.tags, {
                place: { floor: 2 },
                others: 1,
                iotX509: { stack: "iot-x509/unit" },
            });
        });

        it("a device of somebody else is refused, unless it is to be adopted", async () => {
            await registry.create({ deviceId: "theirs", status: "disabled" });
            const theirs = { ...given, deviceId: "theirs" };
            const inputs = await checked(theirs);
            await assert.rejects(
                host.create(inputs),
                /device "theirs" exists .* no owner tag.*"adopt: true"/s,
            );
            assert.equal((await registry.get("theirs")).responseBody.status, "disabled");
            const adopted = await host.create(await checked({ ...theirs, adopt: true }));
            const { responseBody: device } = await registry.get("theirs");
            assert.equal(device.status, "enabled");
            assert.equal(authenticationType(device), "certificateAuthority");
            await host.delete("theirs", adopted.state);
        });

        it("delete removes it, and succeeds if it does not exist", async () => {
            await host.delete(id, state);
            assert.deepEqual((await registry.list()).responseBody, []);
            await host.delete(id, state);
            assert.equal(await host.read(id, state), undefined);
        });

        it("many devices share bulk calls", async () => {
            const devices = await Promise.all(
                Array.from({ length: 120 }, (_, index) =>
                    checked({ ...given, deviceId: `many-${index}` }),
                ),
            );
            const made = await Promise.all(devices.map((inputs) => host.create(inputs)));
            assert.equal((await registry.list()).responseBody.length, 120);
            await Promise.all(made.map((one) => host.delete(one.id, one.state)));
            assert.deepEqual((await registry.list()).responseBody, []);
        });

        it("a refresh of many: one read of each, and nothing else", async () => {
            const made = await Promise.all(
                Array.from({ length: 30 }, async (_, index) =>
                    host.create(await checked({ ...given, deviceId: `fleet-${index}` })),
                ),
            );
            await registry.updateTwin("fleet-7", { tags: { site: "moved" } }, "*");
            const { found, calls } = await refresh(made);
            assert.deepEqual(found[6], made[6].state);
            assert.deepEqual(found[7]?.tags, { ...(given.tags as Props), site: "moved" });
            const reads = made.map((one) => `GET /twins/${one.id}`);
            assert.deepEqual(calls, reads.sort());
        });

        it("a manual deletion is seen while index and statistics still count the device", async () => {
            const made = await Promise.all(
                Array.from({ length: 30 }, async (_, index) =>
                    host.create(await checked({ ...given, deviceId: `fleet-${index}` })),
                ),
            );
            const lag = { queryIndexLagSeconds: 1500, statisticsLagSeconds: 1500 };
            await manage("PATCH", "/settings", lag);
            try {
                await registry.delete("fleet-9");
                const counted = (await registry.getRegistryStatistics()).responseBody;
                const query = registry.createQuery("SELECT COUNT() AS total FROM devices");
                const [{ total }] = (await query.next()).result as unknown as { total: number }[];
                assert.deepEqual([counted.totalDeviceCount, total], [30, 30]);
                const { found } = await refresh(made);
                assert.deepEqual(
                    found.map((state) => state === undefined),
                    made.map(({ id }) => id === "fleet-9"),
                );
            } finally {
                await manage("PATCH", "/settings", {
                    queryIndexLagSeconds: 0,
                    statisticsLagSeconds: 0,
                });
            }
            await Promise.all(made.map((one) => host.delete(one.id, one.state)));
        });

        /** Reads of a run of its own, all at once, as the engine's refresh asks for them, and the calls that they took. */
        async function refresh(made: readonly { id: string; state: Props }[]) {
            const fresh = await DynamicHost.start();
            try {
                await manage("DELETE", "/requests");
                const found = await Promise.all(made.map((one) => fresh.read(one.id, one.state)));
                const { requests } = await manage<{
                    requests: { host: string; method: string; path: string }[];
                }>("GET", "/requests");
                const calls = requests
                    .filter(({ host: to }) => to === hostName)
                    .map(({ method, path }) => `${method} ${path.split("?")[0]}`);
                return { found, calls: calls.sort() };
            } finally {
                await fresh.stop();
            }
        }

        it("with pruneDevices false, delete disables", async () => {
            const keeping = await DynamicHost.start({ pruneDevices: "false" });
            try {
                const inputs = await checked(given, keeping);
                const made = await keeping.create(inputs);
                await keeping.delete(made.id, made.state);
                assert.equal((await registry.get("host-01")).responseBody.status, "disabled");
            } finally {
                await keeping.stop();
                await registry.delete("host-01");
            }
        });

        it("with pruneDevices false, a device whose group moved to the provisioning service stays unchanged", async () => {
            const keeping = await DynamicHost.start({ pruneDevices: "false" });
            try {
                const made = await keeping.create(await checked(given, keeping));
                await keeping.check(deviceCertificate, {
                    issuer: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
                    request: { deviceId: "host-01", validityDays: 1, renewBeforeDays: 0 },
                });
                await keeping.delete(made.id, made.state);
                assert.equal((await registry.get("host-01")).responseBody.status, "enabled");
            } finally {
                await keeping.stop();
                await registry.delete("host-01");
            }
        });

        it("delete is refused in a destroy of a protected stack, but not in a run of the program", async () => {
            const destroying = await DynamicHost.start({ protect: "true" });
            const { id: one, state: its } = await host.create(await checked(given));
            try {
                await assert.rejects(
                    destroying.delete(one, its),
                    /is protected by iot-x509:protect; nothing was deleted/,
                );
                assert.equal((await registry.get("host-01")).responseBody.status, "enabled");
                await checked({ ...given, deviceId: "host-02" }, destroying);
                await destroying.delete(one, its);
                await assert.rejects(registry.get("host-01"), /DeviceNotFound|Not Found/);
            } finally {
                await destroying.stop();
            }
        });

        it("thumbprints that the provisioning service wrote are no drift", async () => {
            const deviceId = "host-both";
            const both = { ...given, deviceId, isProvisioned: true };
            const made = await host.create(await checked(both));
            await writeThumbprint(deviceId);
            assert.deepEqual(await host.read(made.id, made.state), made.state);
            await host.delete(made.id, made.state);
        });

        it("thumbprints are removed when the provisioning service no longer has the device", async () => {
            const deviceId = "host-listed";
            const both = { ...given, deviceId, isProvisioned: true };
            const made = await host.create(await checked(both));
            await writeThumbprint(deviceId);
            for (const isProvisioned of [undefined, false]) {
                const listed = await checked({
                    ...given,
                    deviceId,
                    ...(isProvisioned === undefined ? {} : { isProvisioned }),
                });
                assert.deepEqual(await host.diff(made.id, made.state, listed), {
                    changes: true,
                    replaces: [],
                });
            }
            const listed = await checked({ ...given, deviceId });
            const state = await host.update(made.id, made.state, listed);
            const { responseBody: device } = await registry.get(deviceId);
            assert.equal(authenticationType(device), "certificateAuthority");
            assert.equal(state.isProvisioned, undefined);
            assert.equal((await host.diff(made.id, state, listed)).changes, false);
            const spelled = await checked({ ...given, deviceId, isProvisioned: false });
            assert.equal((await host.diff(made.id, state, spelled)).changes, false);
            await host.delete(made.id, state);
        });

        it("a device that moves to the provisioning service is written only to the state", async () => {
            const deviceId = "host-joining";
            const made = await host.create(await checked({ ...given, deviceId }));
            const { responseBody: before } = await registry.get(deviceId);
            const both = await checked({ ...given, deviceId, isProvisioned: true });
            assert.equal((await host.diff(made.id, made.state, both)).changes, true);
            const state = await host.update(made.id, made.state, both);
            assert.equal(state.isProvisioned, true);
            const { responseBody: after } = await registry.get(deviceId);
            assert.equal(after.etag, before.etag);
            await host.delete(made.id, state);
        });

        /** As the provisioning service does when the device registers. */
        async function writeThumbprint(deviceId: string): Promise<void> {
            await registry.update({
                deviceId,
                status: "enabled",
                authentication: {
                    type: "selfSigned",
                    x509Thumbprint: { primaryThumbprint: thumbprint, secondaryThumbprint: null },
                },
            } as unknown as Parameters<Registry["update"]>[0]);
        }
    });
});
