import * as assert from "assert";
import { Registry } from "azure-iothub";
import { register } from "../../sample-device/registration";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";

type Outputs = StackOutputs & { readonly provisioning: { readonly idScope: string } };

/** What a write of an identity would lose. */
interface EdgeState {
    readonly iotEdge: boolean | undefined;
    readonly deviceScope: string | undefined;
    readonly parentScopes: readonly string[];
}

const lags = { statisticsLagSeconds: 1500, queryIndexLagSeconds: 1500 };

/** What documents leave open about Azure: the program works whichever way it is. */
const ways = [
    {
        title: "one way",
        name: "sources-one",
        settings: { ...lags, dpsIfMatchForm: "raw" },
        assigned: "azure-devices.net",
    },
    {
        title: "the other way",
        name: "sources-other",
        settings: {
            ...lags,
            dpsIfMatchForm: "quoted",
            dpsLowerCaseIds: true,
            bulkIsAtomic: true,
            emptyCountHasNoRow: true,
            gatewayV2: true,
        },
        assigned: "device.azure-devices.net",
    },
];

const thumbprint = (digit: string): string => digit.repeat(64);

for (const { title, name, settings, assigned } of ways) {
    describe(`a stack on Azure as sources have it, ${title}`, function () {
        this.timeout(900_000);
        const { manage } = shared();
        const hubName = `iot-${name}`;
        let deployment: Deployment;
        let registry: Registry;
        let known: ReadonlyMap<string, EdgeState>;

        before(async function () {
            await manage("PATCH", "/settings", settings);
            deployment = await Deployment.make(this, name, {
                hub: { name: hubName },
                dps: { prefix: `dps-${name}` },
                groups: {
                    pumps: { keyAlgorithm: "ECDSA-P256" },
                    meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
                },
                devices: [
                    { id: "gateway", group: "pumps" },
                    { id: "child", group: "pumps" },
                    { id: "lower", auth: "thumbprint", thumbprints: [thumbprint("A")] },
                    { id: "meter-1", group: "meters" },
                    { id: "meter-2", group: "meters" },
                ],
            });
            await deployment.up();
            registry = await deployment.registry();
        });

        after(async () => {
            await manage("PATCH", "/settings", {
                statisticsLagSeconds: 0,
                queryIndexLagSeconds: 0,
                dpsIfMatchForm: "any",
                dpsLowerCaseIds: false,
                bulkIsAtomic: false,
                emptyCountHasNoRow: false,
                gatewayV2: false,
            });
            await deployment?.remove();
        });

        const status = async (id: string): Promise<string | undefined> =>
            (await registry.get(id)).responseBody.status;

        async function edgeState(id: string): Promise<EdgeState> {
            const { responseBody: device } = await registry.get(id);
            const { capabilities, deviceScope, parentScopes } = device as unknown as {
                capabilities?: { iotEdge?: boolean };
                deviceScope?: string;
                parentScopes?: readonly string[];
            };
            return {
                iotEdge: capabilities?.iotEdge,
                deviceScope,
                parentScopes: parentScopes ?? [],
            };
        }

        /** By PUT with Azure's own SDK, as az does it. */
        async function put(id: string, changes: object): Promise<EdgeState> {
            const { responseBody: device } = await registry.get(id);
            await registry.update({ ...device, ...changes } as Parameters<Registry["update"]>[0]);
            return edgeState(id);
        }

        it("devices register, and are assigned the hub's host name for devices", async () => {
            const { devices, provisioning } = (await deployment.outputs()) as Outputs;
            for (const id of ["meter-1", "meter-2"]) {
                const { chain: chainPem, privateKey: keyPem } = devices[id];
                const { idScope } = provisioning;
                const found = await register({ idScope, registrationId: id, chainPem, keyPem });
                assert.equal(found, `HostName=${hubName}.${assigned};DeviceId=${id};x509=true`);
                assert.equal(await status(id), "enabled");
            }
        });

        it("edge devices and their children stay what they are when they are disabled and tagged", async () => {
            const edge = { capabilities: { iotEdge: true }, deviceScope: "" };
            const { deviceScope } = await put("gateway", edge);
            await put("child", { deviceScope });
            await put("lower", { ...edge, parentScopes: [deviceScope] });
            const ids = ["gateway", "child", "lower"];
            known = new Map(
                await Promise.all(
                    ids.map(async (id): Promise<[string, EdgeState]> => [id, await edgeState(id)]),
                ),
            );
            assert.deepEqual(
                ids.map((id) => known.get(id)?.iotEdge),
                [true, false, true],
            );
            assert.deepEqual(known.get("lower")?.parentScopes, [deviceScope]);
            assert.deepEqual(known.get("child")?.deviceScope, deviceScope);
            deployment.change(({ groups, devices }) => {
                for (const device of devices.filter(({ id }) => ids.includes(String(id)))) {
                    Object.assign(device, { status: "disabled", tags: { site: "north" } });
                }
                Object.assign(groups.meters, { blocked: true });
            });
            deployment.change((all) => Object.assign(all, { maxCutOff: "unlimited" }));
            await deployment.up();
            for (const id of ids) {
                assert.equal(await status(id), "disabled", id);
                assert.deepEqual((await deployment.twin(id)).tags.site, "north", id);
                assert.deepEqual(await edgeState(id), known.get(id), id);
            }
        });

        it("a blocked group's devices are disabled on the hub", async () => {
            assert.deepEqual(await Promise.all(["meter-1", "meter-2"].map(status)), [
                "disabled",
                "disabled",
            ]);
        });

        it("they stay cut off when they are enabled by hand with other certificates", async () => {
            deployment.change(({ groups, devices }) => {
                for (const device of devices) {
                    Object.assign(device, { status: "enabled" });
                }
                Object.assign(groups.meters, { blocked: false });
                const lower = devices.find(({ id }) => id === "lower");
                Object.assign(lower ?? {}, { thumbprints: [thumbprint("B")] });
                devices.splice(
                    devices.findIndex(({ id }) => id === "meter-2"),
                    1,
                );
            });
            await deployment.up();
            for (const [id, state] of known) {
                assert.equal(await status(id), "enabled", id);
                assert.deepEqual(await edgeState(id), state, id);
            }
            const { responseBody: lower } = await registry.get("lower");
            assert.equal(lower.authentication?.x509Thumbprint?.primaryThumbprint, thumbprint("B"));
        });

        it("an unblocked group's device is on the hub again, and one that left the configuration is not", async () => {
            assert.equal(await status("meter-1"), "enabled");
            await assert.rejects(registry.get("meter-2"), /DeviceNotFoundError/);
        });

        it("a manual deletion is seen while index and statistics still count the device", async () => {
            const counts = async (): Promise<number[]> => {
                const { totalDeviceCount } = (await registry.getRegistryStatistics()).responseBody;
                const query = registry.createQuery("SELECT COUNT() AS total FROM devices");
                const [{ total }] = (await query.next()).result as unknown as { total: number }[];
                return [totalDeviceCount, total];
            };
            const counted = await counts();
            await registry.delete("child");
            assert.deepEqual(await counts(), counted);
            await deployment.stack.refresh();
            const plan = await deployment.plan();
            assert.deepEqual(
                plan.filter((step) => step.includes("DeviceIdentity")),
                ["create DeviceIdentity child"],
            );
        });

        it("a device that belongs to somebody else fails alone, whatever else its request contains", async () => {
            await registry.create({ deviceId: "theirs" });
            const ids = ["new-1", "theirs", "new-2"];
            deployment.change(({ devices }) => {
                ids.forEach((id, index) =>
                    devices.push({
                        id,
                        auth: "thumbprint",
                        thumbprints: [thumbprint(String(index))],
                    }),
                );
            });
            await assert.rejects(
                // On a busy machine the engine may not have begun with all when the first one fails.
                deployment.up("--continue-on-error"),
                /device "theirs" exists .* no owner tag/,
            );
            for (const id of ["new-1", "new-2", "child"]) {
                assert.equal(await status(id), "enabled", id);
            }
            const plan = await deployment.plan();
            assert.deepEqual(
                plan.filter((step) => step.includes("DeviceIdentity")),
                ["create DeviceIdentity theirs"],
            );
        });
    });
}
