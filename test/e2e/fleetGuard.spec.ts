import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { shared } from "../support/emulator";
import { FleetCommand } from "../support/fleetCommand";
import { stackNames } from "../support/fleetStates";

describe("a hub's stack whose shards were set by hand", function () {
    this.timeout(300_000);
    const { manage } = shared();
    let deployment: Deployment;
    let hubName: string;

    before(async function () {
        // Without groups: nothing but the devices is a dynamic resource.
        deployment = await Deployment.make(this, "guard", {
            groups: {},
            deviceDefaults: {},
            devices: ["gate-1", "gate-2"].map((id, index) => ({
                id,
                auth: "thumbprint",
                thumbprints: [`A${index}`.repeat(32)],
            })),
            outputDevices: [],
        });
        await deployment.up();
        hubName = (await deployment.outputs()).hub.name;
    });

    after(() => deployment?.remove());

    it("refuses to delete the devices that it still holds", async () => {
        deployment.change((settings) => (settings.shards = 2));
        await assert.rejects(deployment.up(), /"npm run fleet -- up" moves it to its fleet stack/);
        const devices = (await (await deployment.registry()).list()).responseBody;
        assert.deepEqual(devices.map(({ deviceId }) => deviceId).sort(), ["gate-1", "gate-2"]);
    });

    it("is left alone while another hub's stack has the name of a fleet stack", async () => {
        const { project, stack } = deployment;
        const settings = { "iot-x509:organization": "Another hub's" };
        project.changeSettings("guard-shard-2", (config) => Object.assign(config, settings));
        await stack.workspace.createStack("guard-shard-2");
        const { status, text } = await FleetCommand.start(deployment, "up").ended;
        assert.equal(status, 1);
        assert.match(text, /the stack "guard-shard-2" is not of guard's fleet/);
        assert.deepEqual(await stackNames(deployment), ["guard", "guard-shard-2"]);
        await stack.workspace.removeStack("guard-shard-2");
    });

    it("is destroyed by the fleet's command all the same", async () => {
        await FleetCommand.run(deployment, "destroy", "--yes");
        const hubs = await manage<{ hub: string }[]>("GET", "/hubs");
        assert.ok(!hubs.some(({ hub }) => hub === hubName));
    });
});
