import * as assert from "assert";
import { chain, issue, Issued, selfSigned } from "../../test/support/pki";
import {
    addEnrollment,
    addGroup,
    leaves,
    references,
    signers,
    uploadServiceCa,
} from "../../test/support/provisioningService";
import {
    assigned,
    factoryDevice,
    ProvisioningWorld,
    startProvisioning,
} from "../../test/support/provisioningTrial";
import { Device, register } from "../../test/support/provisioningWire";

describe("which enrollment decides about a device", () => {
    let world: ProvisioningWorld;
    beforeEach(async () => (world = await startProvisioning()));
    afterEach(() => world.emulator.stop());

    function groupOf(registrationId: string): string | undefined {
        return world.service.registrations.get(registrationId)?.enrollmentGroupId;
    }

    function device(registrationId: string, leaf: Issued, sent?: string): Device {
        return { idScope: world.service.idScope, registrationId, leaf, chain: sent };
    }

    it("an individual enrollment comes before the group of its issuer", async () => {
        const one = await factoryDevice(world, "device-1");
        addEnrollment(world.service, "device-1", leaves(one.leaf), { deviceId: "pump-7" });
        const state = await assigned("MQTT", world, one);
        assert.strictEqual(state.deviceId, "pump-7");
        assert.strictEqual(groupOf("device-1"), undefined);
        const two = await assigned("MQTT", world, await factoryDevice(world, "device-2"));
        assert.strictEqual(two.deviceId, "device-2");
        assert.strictEqual(groupOf("device-2"), "factory");
    });

    it("of two groups, the one nearer to the leaf decides, whichever is disabled", async () => {
        addGroup(world.service, "all", references("root"), { provisioningStatus: "disabled" });
        await assigned("HTTPS", world, await factoryDevice(world, "device-1"));
        assert.strictEqual(groupOf("device-1"), "factory");

        addGroup(world.service, "all", references("root"));
        addGroup(world.service, "factory", references("factory"), {
            provisioningStatus: "disabled",
        });
        const answer = await register(
            "HTTPS",
            world.emulator,
            await factoryDevice(world, "device-2"),
        );
        assert.deepStrictEqual([answer.body.status, answer.body.operationId], ["disabled", ""]);
        const leaf = await issue(world.other, { commonName: "device-3" });
        await assigned("HTTPS", world, device("device-3", leaf, chain(leaf, world.other)));
        assert.strictEqual(groupOf("device-3"), "all");
    });

    it("a disabled group in the middle of a longer chain blocks what lies below it", async () => {
        const line = await issue(world.factory, { commonName: "Line", ca: true });
        const leaf = await issue(line, { commonName: "device-1" });
        const one = device("device-1", leaf, chain(leaf, line, world.factory));
        addGroup(world.service, "line", signers(line), { provisioningStatus: "disabled" });
        assert.strictEqual((await register("MQTT", world.emulator, one)).body.status, "disabled");
        world.service.groups.delete("line");
        await assigned("MQTT", world, one);
        assert.strictEqual(groupOf("device-1"), "factory");
    });

    it("the chain may be sent in any order, with the root and without the verified CA", async () => {
        const { root, factory } = world;
        const sent = [
            (leaf: Issued) => leaf.certificate,
            (leaf: Issued) => chain(leaf, factory, root),
            (leaf: Issued) => chain(leaf, root, factory),
        ];
        for (const [index, pem] of sent.entries()) {
            const id = `device-${index}`;
            const leaf = await issue(factory, { commonName: id });
            await assigned("MQTT", world, device(id, leaf, pem(leaf)));
            assert.strictEqual(groupOf(id), "factory");
        }
    });

    it("a group accepts its primary and its secondary CA while both exist", async () => {
        const next = await issue(world.root, { commonName: "Factory 2", ca: true });
        uploadServiceCa(world.service, "factory2", next);
        addGroup(world.service, "factory", references("factory", "factory2"));
        const leaf = await issue(next, { commonName: "device-1" });
        const renewed = device("device-1", leaf, chain(leaf, next));
        await assigned("MQTT", world, await factoryDevice(world, "device-1"));
        const state = await assigned("MQTT", world, renewed);
        assert.strictEqual(state.substatus, "reprovisionedToInitialAssignment");

        addGroup(world.service, "factory", references("factory2"));
        await assigned("MQTT", world, renewed);
        const old = await register("MQTT", world.emulator, await factoryDevice(world, "device-1"));
        assert.strictEqual(old.status, 401);
        assert.strictEqual(old.body.message, "CA certificate not found.");
    });

    it("an individual enrollment accepts its primary and its secondary certificate", async () => {
        const [first, second] = await Promise.all([
            selfSigned({ commonName: "device-1" }),
            selfSigned({ commonName: "device-1" }),
        ]);
        addEnrollment(world.service, "device-1", leaves(first, second));
        const state = await assigned("MQTT", world, device("device-1", second));
        const hub = [world.first, world.second].find(
            ({ hostName }) => hostName === state.assignedHub,
        );
        const made = hub?.devices.get("device-1");
        assert.deepStrictEqual(made?.authentication, {
            type: "selfSigned",
            symmetricKey: { primaryKey: null, secondaryKey: null },
            x509Thumbprint: {
                primaryThumbprint: first.thumbprint256,
                secondaryThumbprint: second.thumbprint256,
            },
        });
        await assigned("HTTPS", world, device("device-1", first));
        addEnrollment(world.service, "device-1", leaves(second));
        const old = await register("HTTPS", world.emulator, device("device-1", first));
        assert.deepStrictEqual([old.status, old.body.message], [401, "Invalid certificate."]);
    });

    it("registration IDs ignore letter case; the common name is the device ID", async () => {
        const leaf = await issue(world.factory, { commonName: "Device-1" });
        const sent = chain(leaf, world.factory);
        const state = await assigned("HTTPS", world, device("DEVICE-1", leaf, sent));
        assert.strictEqual(state.deviceId, "Device-1");
        assert.deepStrictEqual([...world.service.registrations.keys()], ["device-1"]);
        await assigned("MQTT", world, device("Device-1", leaf, sent));
        assert.strictEqual(world.service.registrations.size, 1);
    });
});
