import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { armRequest } from "../support/iotHubClient";

interface Exported {
    readonly deployment: {
        readonly resources: readonly { readonly type: string; readonly id?: string }[];
    };
}

/** The declaration alone: the emulator runs no container. */
describe("est.container", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "estcontainer", {
            est: {
                container: { image: "ghcr.io/contoso/est:1.0", dnsLabel: "contoso-est-e2e" },
            },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [{ id: "pump-1", group: "pumps" }],
        });
        await deployment.up();
    });

    after(() => deployment?.project.remove());

    it("is a group with an identity and no secret that Azure shows or the state has in clear; nothing changes after; destroy removes it", async () => {
        const exported = await deployment.pulumi("stack", "export");
        const { resources } = (JSON.parse(exported) as Exported).deployment;
        const group = resources.find(({ type }) => type.endsWith(":ContainerGroup"));
        assert.ok(group?.id, "no container group");
        assert.ok(
            !JSON.stringify(resources).includes("bundle.json"),
            "the bundle is in clear in the state",
        );
        const address = `${group.id.replace(/^\/subscriptions\/[^/]+/, "")}?api-version=2024-05-01-preview`;
        const shown = await armRequest(deployment.arm, "GET", address);
        assert.equal(shown.status, 200);
        const text = JSON.stringify(shown.body);
        assert.match(text, /contoso-est-e2e\.[a-z0-9]+\.azurecontainer\.io/);
        assert.ok(!text.includes("bundle.json"));
        assert.deepEqual(await deployment.plan(), []);
        await deployment.pulumi("destroy", "--yes", "--skip-preview");
        const gone = await armRequest(deployment.arm, "GET", address);
        assert.equal(gone.status, 404);
    });
});
