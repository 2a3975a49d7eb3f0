import { strict as assert } from "assert";
import { Deployment, StackOutputs } from "../support/deployment";
import { connects } from "../support/liveDevice";
import { carry, OfflineMachine, printedCommands, signAsTold } from "../support/offlineMachine";

const groups = { pumps: { keyAlgorithm: "ECDSA-P256" } };
const devices = [{ id: "rotated-01", group: "pumps" }];
const id = "rotated-01";

/** From a root that the program has to one that stays offline, through two rotations, and back. */
describe("a root that goes offline, and rotations under it", function () {
    this.timeout(600_000);
    let machine: OfflineMachine;
    let deployment: Deployment;
    let first: StackOutputs;

    before(async function () {
        machine = new OfflineMachine(1000);
        deployment = await Deployment.make(this, "goesoffline", {
            pki: { keyAlgorithm: "ECDSA-P256", root: { keys: "managed" } },
            groups,
            devices,
        });
        await deployment.up();
        first = await deployment.outputs();
    });

    after(async () => {
        await deployment?.remove();
        machine?.remove();
    });

    /** Both the credentials of the first run and the present ones open the door, and the key is the first one. */
    async function assertAllConnect(): Promise<StackOutputs> {
        const outputs = await deployment.outputs();
        assert.equal(outputs.devices[id].privateKey, first.devices[id].privateKey);
        await connects(outputs.devices[id]);
        await connects(first.devices[id]);
        return outputs;
    }

    async function assertSettled(): Promise<void> {
        assert.deepEqual(await deployment.plan(), []);
        const { summary } = await deployment.stack.refresh({ color: "never" });
        const changed = Object.keys(summary.resourceChanges ?? {}).filter((op) => op !== "same");
        assert.deepEqual(changed, []);
    }

    it("offline, the intermediate stays under the former root until it is signed", async () => {
        carry(deployment, machine, "root.pem");
        deployment.change((settings) => {
            settings.pki = {
                keyAlgorithm: "ECDSA-P256",
                root: { keys: "offline", certificate: "pki/root.pem" },
            };
        });
        assert.deepEqual(await deployment.plan(), []);
        const output = await deployment.up();
        assert.match(output, /The intermediate CA "pumps-g1" needs the offline root/);
        assert.deepEqual((await assertAllConnect()).devices, first.devices);
        await assertSettled();
        signAsTold(deployment, machine, output);
    });

    it("signed, it replaces the other without a gap; keys stay", async () => {
        await deployment.up();
        const { devices: now } = await assertAllConnect();
        assert.notEqual(now[id].certificate, first.devices[id].certificate);
        await assertSettled();
    });

    it("generation 1 keeps issuing while generation 2 is not signed yet", async () => {
        const before = await deployment.outputs();
        deployment.change((settings) => {
            Object.assign(settings.groups.pumps.intermediate as object, {
                generation: 2,
                retain: [1],
            });
            settings.devices.push({ id: "rotated-02", group: "pumps" });
        });
        const output = await deployment.up();
        const { devices: now } = await assertAllConnect();
        assert.deepEqual(now[id], before.devices[id]);
        await connects(now["rotated-02"]);
        await assertSettled();
        signAsTold(deployment, machine, output);
        await deployment.up();
        const after = await assertAllConnect();
        assert.notEqual(after.devices[id].certificate, before.devices[id].certificate);
        await connects(now["rotated-02"]);
        await connects(after.devices["rotated-02"]);
        await assertSettled();
    });

    it("a trusted root replaces the intermediates once it is proven", async () => {
        const setTrust = (trust: string): void =>
            deployment.change((settings) => Object.assign(settings.pki as object, { trust }));
        const before = await deployment.authorities();
        setTrust("root");
        const output = await deployment.up();
        await assertAllConnect();
        await assertSettled();
        assert.equal((await deployment.authorities()).length, before.length + 1);
        printedCommands(output)
            .filter((line) => /^openssl.*proof/.test(line))
            .forEach((line) => machine.run(line));
        const proof = carry(deployment, machine, "proof.pem");
        deployment.change(({ pki }) => {
            Object.assign((pki as { root: object }).root, { proof });
        });
        await deployment.up();
        const [root, ...others] = await deployment.authorities();
        assert.deepEqual([root.isVerified, others], [true, []]);
        await connects((await deployment.outputs()).devices[id]);
        await assertSettled();
        deployment.change(({ pki }) => {
            delete (pki as { root: { proof?: string } }).root.proof;
        });
        setTrust("intermediates");
        await deployment.up();
        await assertAllConnect();
    });

    it("a generation that is not retained leaves the hub immediately, without a new key for devices", async () => {
        const before = await deployment.outputs();
        deployment.change((settings) => {
            settings.groups.pumps.intermediate = { generation: 3 };
        });
        await deployment.up();
        assert.deepEqual(await deployment.authorities(), []);
        const after = await deployment.outputs();
        assert.equal(after.devices[id].privateKey, before.devices[id].privateKey);
        await assertSettled();
    });

    it("back to a managed root, each device keeps its key", async () => {
        const before = await deployment.outputs();
        deployment.change((settings) => {
            settings.pki = { keyAlgorithm: "ECDSA-P256", root: { keys: "managed" } };
        });
        await deployment.up();
        const after = await deployment.outputs();
        for (const device of [id, "rotated-02"]) {
            assert.equal(after.devices[device].privateKey, before.devices[device].privateKey);
            await connects(after.devices[device]);
        }
        await assertSettled();
    });
});
