import { strict as assert } from "assert";
import { Deployment } from "../support/deployment";
import { shared } from "../support/emulator";

interface Traffic {
    readonly requests: readonly { method: string; path: string; outcome: number }[];
}

/** Azure refuses for a while what it takes later; each time is seen on Azure (docs/tried-where.md). */
describe("writes and reads that Azure refuses temporarily", function () {
    this.timeout(600_000);
    const { manage } = shared();
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "delays", {
            hub: { prefix: "delays" },
            groups: { pumps: {} },
            devices: [{ id: "pump-01", group: "pumps" }],
            dps: {},
        });
    });

    after(async () => {
        await manage("DELETE", "/faults");
        await manage("PATCH", "/settings", { newHubUnseenSeconds: 0, parallelWriteSeconds: 0 });
        await deployment?.remove();
    });

    /** How many requests of this kind ended so. */
    async function count(method: string, path: RegExp, outcome: number): Promise<number> {
        const { requests } = await manage<Traffic>("GET", "/requests");
        return requests.filter(
            (one) => one.method === method && path.test(one.path) && one.outcome === outcome,
        ).length;
    }

    it("a provisioning service that does not find its new hub yet (404002)", async () => {
        await manage("PATCH", "/settings", { newHubUnseenSeconds: 6 });
        await manage("DELETE", "/requests");
        await deployment.up();
        await manage("PATCH", "/settings", { newHubUnseenSeconds: 0 });
        assert.ok((await count("PUT", /\/provisioningServices\/[^/?]+\?/i, 404)) > 0);
        assert.deepEqual(await deployment.plan(), []);
    });

    it("a CA and a hub that another write keeps busy (409)", async () => {
        await manage("PATCH", "/settings", { parallelWriteSeconds: 4 });
        await manage("DELETE", "/requests");
        deployment.change(({ hub, groups }) => {
            hub.units = 2;
            groups.pumps.intermediate = { generation: 2, retain: [1] };
        });
        await deployment.up();
        await manage("PATCH", "/settings", { parallelWriteSeconds: 0 });
        assert.ok((await count("PUT", /\/IotHubs\//i, 409)) > 0);
        assert.deepEqual(await deployment.plan(), []);
    });

    it("a hub that one read does not find (404) is neither created again nor updated", async () => {
        const { hub } = await deployment.outputs();
        const message = `The Resource '${hub.name}' was not found.`;
        await manage("POST", "/faults", {
            method: "GET",
            path: `/IotHubs/${hub.name}\\?`,
            count: 1,
            status: 404,
            body: { error: { code: "ResourceNotFound", message } },
        });
        assert.deepEqual(await deployment.plan(), []);
        const [{ hits }] = await manage<{ hits: number }[]>("GET", "/faults");
        assert.equal(hits, 1);
    });
});
