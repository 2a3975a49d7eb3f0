import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { connects } from "../support/liveDevice";

/** A hub takes 25 CA certificates (Azure docs: iot-hub-devguide-quotas-throttling). */
describe("CAs that are all reissued on a hub without room for both", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "full", {
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: Object.fromEntries(
                Array.from({ length: 25 }, (_, index) => [
                    `g${index}`,
                    { keyAlgorithm: "ECDSA-P256" },
                ]),
            ),
            devices: [{ id: "pump-1", group: "g7" }],
            organization: "Before",
        });
        await deployment.up();
    });

    after(() => deployment?.remove());

    it("each is removed when its successor is proven, or before its upload", async () => {
        const before = await deployment.authorities();
        assert.equal(before.length, 25);
        deployment.change((settings) => Object.assign(settings, { organization: "After" }));
        await deployment.up();
        const after = await deployment.authorities();
        assert.equal(after.length, 25);
        assert.ok(after.every(({ isVerified }) => isVerified));
        const former = new Set(before.map(({ thumbprint }) => thumbprint));
        assert.ok(after.every(({ thumbprint }) => !former.has(thumbprint)));
        await connects((await deployment.outputs()).devices["pump-1"]);
        assert.deepEqual(await deployment.plan(), []);
    });
});
