import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { armRequest, dropGroup, iotHubClient, makeGroup } from "../support/iotHubClient";

const group = "rg-made-by-others";

describe("a resource group that somebody else created", function () {
    this.timeout(600_000);
    const arm = iotHubClient();
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "group", {
            resourceGroupName: group,
            resourceGroup: "existing",
            groups: {},
            devices: [],
        });
    });

    after(async () => {
        await dropGroup(arm, group);
        deployment?.project.remove();
    });

    /** What a preview is refused with. */
    async function refusal(): Promise<string> {
        return deployment.plan().then(
            (steps) => assert.fail(`not refused: ${steps.join(", ")}`),
            (error: Error) => error.message,
        );
    }

    const found = async (): Promise<string[]> => {
        const { body } = await armRequest(arm, "GET", `/resourceGroups/${group}/resources`);
        return (body as { value: { name: string }[] }).value.map(({ name }) => name);
    };

    it("if it does not exist, the error names the command that creates it", async () => {
        const said = await refusal();
        assert.match(
            said,
            /has no resource group "rg-made-by-others": create it \(az group create /,
        );
        assert.doesNotMatch(said, /unhandled exception|^ +at /m);
    });

    it("contains the hub, does not belong to the stack, and a second preview is empty", async () => {
        await makeGroup(arm, group);
        await deployment.up();
        const { hub, resourceGroupName } = await deployment.outputs();
        assert.equal(resourceGroupName, group);
        assert.deepEqual(await found(), [hub.name]);
        assert.deepEqual(await deployment.plan(), []);
    });

    it("stays, empty, when the stack is destroyed", async () => {
        await deployment.stack.destroy();
        assert.deepEqual(await found(), []);
        const { status } = await armRequest(arm, "GET", `/resourceGroups/${group}`);
        assert.equal(status, 200);
    });

    it("cannot be one that the stack created, which would be deleted with everything in it", async () => {
        await dropGroup(arm, group);
        deployment.change((settings) => Object.assign(settings, { resourceGroup: "create" }));
        await deployment.up();
        deployment.change((settings) => Object.assign(settings, { resourceGroup: "existing" }));
        assert.match(
            await refusal(),
            /this stack created the resource group "rg-made-by-others", which would be deleted/,
        );
        assert.equal((await found()).length, 1);
    });
});
