import { strict as assert } from "assert";
import { Deployment } from "../support/deployment";

/** Azure docs, iot-hub-upgrade: a free hub cannot be upgraded to a paid one. */
describe("the tier of a hub", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "hubtier", {
            hub: { prefix: "hubtier", sku: "F1" },
            groups: {},
            devices: [],
        });
        await deployment.up();
    });

    after(() => deployment?.remove());

    it("does not change between free and paid: the preview refuses it, and nothing is done", async () => {
        const { hub } = await deployment.outputs();
        const refused = new RegExp(`hub.sku is "S1", but the hub "${hub.name}" is F1`);
        deployment.change((settings) => {
            settings.hub.sku = "S1";
        });
        await assert.rejects(deployment.pulumi("preview"), refused);
        await assert.rejects(deployment.up(), refused);
        deployment.change((settings) => {
            settings.hub.sku = "F1";
        });
        assert.deepEqual(await deployment.plan(), []);
    });

    it("is that of the settings for another hub, from which Standard tiers can be reached", async () => {
        deployment.change((settings) => {
            settings.hub = { prefix: "hubtier-paid", sku: "S1" };
        });
        await deployment.up();
        deployment.change((settings) => {
            settings.hub.sku = "S2";
        });
        assert.deepEqual(await deployment.plan(), ["update IotHubResource iot-hub"]);
        await deployment.up();
        await deployment.pulumi("preview", "--refresh", "--expect-no-changes");
    });
});
