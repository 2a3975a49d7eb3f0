import { strict as assert } from "assert";
import { Deployment } from "../support/deployment";

/** A provisioning service comes to a hub that is in use, where shared access keys count. */
describe("dps added to a running stack", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "adddps", {
            hub: { prefix: "adddps", localAuth: true },
            groups: {},
            devices: [],
        });
        await deployment.up();
    });

    after(() => deployment?.remove());

    async function policies(): Promise<Record<string, string | undefined>> {
        const { resourceGroupName, hub } = await deployment.outputs();
        const keys: Record<string, string | undefined> = {};
        const all = deployment.arm.iotHubResource.listKeys(resourceGroupName, hub.name);
        for await (const { keyName, primaryKey } of all) {
            keys[keyName] = primaryKey;
        }
        return keys;
    }

    it("is previewed and created, and the hub's other policies keep their keys, twice", async () => {
        const before = await policies();
        assert.equal(Object.keys(before).length, 5);
        deployment.change((settings) => {
            settings.dps = {};
        });
        const plan = await deployment.plan();
        assert.ok(plan.includes("update IotHubResource iot-hub"), plan.join(", "));
        assert.ok(plan.includes("create IotDpsResource dps-service"), plan.join(", "));
        await deployment.up();
        const { "iot-x509-dps": own, ...others } = await policies();
        assert.deepEqual(others, before);
        assert.ok(own);
        assert.deepEqual(await deployment.plan(), []);
        deployment.change((settings) => {
            settings.hub.units = 2;
        });
        await deployment.up();
        assert.deepEqual(await policies(), { ...before, "iot-x509-dps": own });
        assert.deepEqual(await deployment.plan(), []);
    });

    it("another hub by a name, a prefix and another prefix is linked with a policy of its own", async () => {
        for (const [kind, text] of [
            ["name", "adddps-by-name"],
            ["prefix", "adddps-by-prefix"],
            ["prefix", "adddps-again"],
        ]) {
            deployment.change((settings) => {
                settings.hub = { [kind]: text, localAuth: true };
            });
            await deployment.up();
            const present = (await deployment.outputs()).hub.name;
            assert.ok(present.startsWith(kind === "name" ? text : `${text}-`), present);
            assert.ok((await policies())["iot-x509-dps"]);
            await deployment.pulumi("preview", "--refresh", "--expect-no-changes");
        }
    });
});
