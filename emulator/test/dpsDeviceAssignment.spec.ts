import * as assert from "assert";
import { Device as HubDevice, Hub } from "../hub/model";
import { addHub } from "../../test/support/hubs";
import { addGroup, link, references } from "../../test/support/provisioningService";
import {
    assigned,
    factoryDevice,
    ProvisioningWorld,
    startProvisioning,
} from "../../test/support/provisioningTrial";

const to = (hub: Hub) => ({ allocationPolicy: "static", iotHubHostName: hub.hostName }) as const;

describe("where a device is assigned", () => {
    let world: ProvisioningWorld;
    beforeEach(async () => (world = await startProvisioning()));
    afterEach(() => world.emulator.stop());

    async function registered(registrationId: string): Promise<Record<string, unknown>> {
        return assigned("MQTT", world, await factoryDevice(world, registrationId));
    }

    function group(changes: Parameters<typeof addGroup>[3]): void {
        addGroup(world.service, "factory", references("factory"), changes);
    }

    function thumbprintOf(device: HubDevice | undefined): string | null | undefined {
        return device?.authentication.x509Thumbprint.primaryThumbprint;
    }

    it("a device of a group has its leaf's SHA-256 thumbprint twice, and the initial twin", async () => {
        group({
            ...to(world.first),
            capabilities: { iotEdge: true },
            initialTwin: { tags: { site: "north" }, properties: { desired: { interval: 5 } } },
        });
        const device = await factoryDevice(world, "device-1");
        const state = await assigned("HTTPS", world, device);
        const x509 = state.x509 as unknown as Record<string, unknown>;
        assert.strictEqual(x509.enrollmentGroupId, "factory");
        assert.strictEqual(state.substatus, "initialAssignment");
        const made = world.first.devices.get("device-1");
        const { thumbprint256 } = device.leaf;
        assert.deepStrictEqual(made?.authentication, {
            type: "selfSigned",
            symmetricKey: { primaryKey: null, secondaryKey: null },
            x509Thumbprint: {
                primaryThumbprint: thumbprint256,
                secondaryThumbprint: thumbprint256,
            },
        });
        assert.deepStrictEqual(made?.twin.tags, { site: "north" });
        assert.deepStrictEqual(made?.twin.desired.values, { interval: 5 });
        assert.deepStrictEqual(made?.capabilities, { iotEdge: true });
    });

    it("hashed: by weight, and always the same hub for the same registration ID", async () => {
        world.service.linkedHubs = [
            link(world.first, { allocationWeight: 3 }),
            link(world.second, { allocationWeight: 1 }),
        ];
        const ids = Array.from({ length: 40 }, (_, index) => `device-${index}`);
        for (const id of ids) {
            await registered(id);
        }
        const [many, few] = [world.first.devices.size, world.second.devices.size];
        assert.strictEqual(many + few, ids.length);
        assert.ok(few > 0 && many > few, `${many} and ${few}`);

        // Without its record, a device still comes back to where it was.
        const before = new Set(world.first.devices.keys());
        world.service.registrations.clear();
        for (const id of ids.slice(0, 10)) {
            const { assignedHub } = await registered(id);
            assert.strictEqual(assignedHub === world.first.hostName, before.has(id), id);
        }
    });

    it("hashed: a hub of weight 0 gets no device, unless all have that weight", async () => {
        const ids = Array.from({ length: 20 }, (_, index) => `device-${index}`);
        const weigh = async (first: number, second: number): Promise<number> => {
            world.service.linkedHubs = [
                link(world.first, { allocationWeight: first }),
                link(world.second, { allocationWeight: second }),
            ];
            world.service.registrations.clear();
            [world.first, world.second].forEach(({ devices }) => devices.clear());
            for (const id of ids) {
                await registered(id);
            }
            return world.first.devices.size;
        };
        assert.strictEqual(await weigh(0, 1), 0);
        const firsts = await weigh(0, 0);
        assert.ok(firsts > 0 && firsts < ids.length, `${firsts} of ${ids.length}`);
    });

    it("an added hub gets no device that is already assigned", async () => {
        const before = await registered("device-1");
        const third = addHub(world.emulator.emulator, "third");
        world.service.linkedHubs.push(link(third, { allocationWeight: 1000 }));
        const after = await registered("device-1");
        assert.strictEqual(after.assignedHub, before.assignedHub);
        assert.strictEqual(after.substatus, "reprovisionedToInitialAssignment");
        assert.strictEqual((await registered("device-2")).assignedHub, third.hostName);
    });

    it("lowest latency: a hub in the service's location", async () => {
        const near = { ...addHub(world.emulator.emulator, "near"), location: "northeurope" };
        world.emulator.emulator.context.hubs.add(near);
        world.service.linkedHubs = [link(world.first), link(near)];
        group({ allocationPolicy: "geoLatency" });
        assert.strictEqual((await registered("device-1")).assignedHub, world.first.hostName);
    });

    it("considers only hubs that the enrollment names and that have the policy applied", async () => {
        group({ iotHubs: [world.second.hostName] });
        assert.strictEqual((await registered("device-1")).assignedHub, world.second.hostName);
        group({});
        world.service.linkedHubs = [
            link(world.first, { applyAllocationPolicy: false }),
            link(world.second),
        ];
        for (const id of ["device-2", "device-3", "device-4"]) {
            assert.strictEqual((await registered(id)).assignedHub, world.second.hostName);
        }
    });

    it("a managed identity needs a role on the hub", async () => {
        const identity = { type: "SystemAssigned", principalId: "p1", tenantId: "t" } as const;
        world.service.identity = identity;
        world.service.linkedHubs = [
            link(world.first, {
                authenticationType: "SystemAssigned",
                connectionString: undefined,
            }),
        ];
        await assert.rejects(registered("device-1"), /Unauthorized access/);
        const { access } = world.emulator.emulator.context;
        access.assignByName("p1", "IoT Hub Data Contributor", world.first.id);
        assert.strictEqual((await registered("device-1")).assignedHub, world.first.hostName);
    });

    describe("again", () => {
        async function onFirst(): Promise<HubDevice> {
            group({ ...to(world.first), initialTwin: { tags: { site: "north" } } });
            await registered("device-1");
            const device = world.first.devices.get("device-1") as HubDevice;
            device.twin.tags = { site: "south" };
            device.twin.reported.values = { firmware: "2.0" };
            return device;
        }

        it("with a renewed certificate: same device, same hub, twin kept", async () => {
            const device = await onFirst();
            const { generationId } = device;
            const renewed = await factoryDevice(world, "device-1");
            assert.notStrictEqual(thumbprintOf(device), renewed.leaf.thumbprint256);
            const state = await assigned("HTTPS", world, renewed);
            assert.strictEqual(state.assignedHub, world.first.hostName);
            assert.strictEqual(state.substatus, "reprovisionedToInitialAssignment");
            const after = world.first.devices.get("device-1");
            assert.strictEqual(thumbprintOf(after), renewed.leaf.thumbprint256);
            assert.strictEqual(after?.generationId, generationId);
            assert.deepStrictEqual(after?.twin.tags, { site: "south" });
            assert.deepStrictEqual(after?.twin.reported.values, { firmware: "2.0" });
        });

        it("a device that an operator disabled on the hub stays disabled", async () => {
            const device = await onFirst();
            device.status = "disabled";
            device.statusReason = "stolen";
            await registered("device-1");
            const after = world.first.devices.get("device-1");
            assert.deepStrictEqual([after?.status, after?.statusReason], ["disabled", "stolen"]);
        });

        it("to another hub, data migrated: the twin moves, and nothing remains", async () => {
            await onFirst();
            group({ ...to(world.second), initialTwin: { tags: { site: "north" } } });
            const state = await registered("device-1");
            assert.strictEqual(state.substatus, "deviceDataMigrated");
            assert.strictEqual(world.first.devices.has("device-1"), false);
            const moved = world.second.devices.get("device-1");
            assert.deepStrictEqual(moved?.twin.tags, { site: "south" });
            assert.deepStrictEqual(moved?.twin.reported.values, { firmware: "2.0" });
        });

        it("to another hub, data reset: the initial twin", async () => {
            await onFirst();
            group({
                ...to(world.second),
                initialTwin: { tags: { site: "north" } },
                reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
            });
            const state = await registered("device-1");
            assert.strictEqual(state.substatus, "deviceDataReset");
            assert.strictEqual(world.first.devices.has("device-1"), false);
            const moved = world.second.devices.get("device-1");
            assert.deepStrictEqual(moved?.twin.tags, { site: "north" });
            assert.deepStrictEqual(moved?.twin.reported.values, {});
        });

        it("on the same hub, data reset: a factory reset", async () => {
            const { generationId } = await onFirst();
            group({
                ...to(world.first),
                initialTwin: { tags: { site: "north" }, properties: { desired: { a: 1 } } },
                reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
            });
            const state = await registered("device-1");
            assert.strictEqual(state.substatus, "reprovisionedToInitialAssignment");
            const after = world.first.devices.get("device-1");
            assert.strictEqual(after?.generationId, generationId);
            assert.deepStrictEqual(after?.twin.tags, { site: "north" });
            assert.deepStrictEqual(after?.twin.desired.values, { a: 1 });
            assert.deepStrictEqual(after?.twin.reported.values, {});
        });

        it("never: the device stays although the enrollment names another hub", async () => {
            await onFirst();
            group({
                ...to(world.second),
                reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: false },
            });
            const state = await registered("device-1");
            assert.strictEqual(state.assignedHub, world.first.hostName);
            const { twin } = world.first.devices.get("device-1") as HubDevice;
            assert.deepStrictEqual(twin.tags, { site: "south" });
            assert.strictEqual(world.second.devices.size, 0);
        });

        it("after its hub was deleted: assigned again", async () => {
            group({});
            const before = await registered("device-1");
            const hub = [world.first, world.second].find(
                ({ hostName }) => hostName === before.assignedHub,
            ) as Hub;
            world.emulator.emulator.context.hubs.remove(hub);
            const after = await registered("device-1");
            assert.notStrictEqual(after.assignedHub, before.assignedHub);
            assert.strictEqual(after.substatus, "initialAssignment");
        });
    });
});
