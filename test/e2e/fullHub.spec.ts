import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { connects } from "../support/liveDevice";

/** A hub takes 25 CA certificates (Azure docs: iot-hub-devguide-quotas-throttling). */
describe("CAs that are all signed anew on a hub without room for both", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    const groups = (count: number): Record<string, Record<string, unknown>> =>
        Object.fromEntries(
            Array.from({ length: count }, (_, index) => [
                `g${index}`,
                { keyAlgorithm: "ECDSA-P256" },
            ]),
        );

    before(async function () {
        deployment = await Deployment.make(this, "full", {
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: groups(13),
            devices: [{ id: "pump-1", group: "g7" }],
            organization: "Before",
        });
        await deployment.up();
    });

    after(() => deployment?.remove());

    async function isReplaced(count: number, organization: string): Promise<void> {
        const before = await deployment.authorities();
        deployment.change((settings) => Object.assign(settings, { organization }));
        await deployment.up();
        const after = await deployment.authorities();
        assert.equal(after.length, count);
        assert.ok(after.every(({ isVerified }) => isVerified));
        const former = new Set(before.map(({ thumbprint }) => thumbprint));
        assert.ok(after.every(({ thumbprint }) => !former.has(thumbprint)));
        await connects((await deployment.outputs()).devices["pump-1"]);
        assert.deepEqual(await deployment.plan(), []);
    }

    it("13 of 25: those go first whose successors are proven", async () => {
        await isReplaced(13, "After");
    });

    it("25 of 25: each goes before its successor comes", async () => {
        deployment.change((settings) => Object.assign(settings, { groups: groups(25) }));
        await deployment.up();
        assert.equal((await deployment.authorities()).length, 25);
        await isReplaced(25, "Last");
    });
});
