import { strict as assert } from "assert";
import { buildDiff } from "../../../../cli/diff/buildDiff";
import { withLastActivity } from "../../../../cli/diff/lastActivity";
import { readSavedPreview } from "../../../../cli/diff/savedPreview";
import * as path from "path";

const project = path.resolve(__dirname, "../../../..");

/** What the hub answers is in test/e2e/fleetDiff.spec.ts. */
describe("last activity that cannot be read", () => {
    const diff = buildDiff(
        readSavedPreview(path.join(project, "test/fixtures/fleetDiff/change.json"), project),
    );
    const hub = {
        hostName: "iot-prod.azure-devices.net",
        id: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Devices/IotHubs/iot-prod",
        sku: "S1",
        units: 1,
        native: new Map([
            ...["clientId", "clientSecret", "tenantId", "subscriptionId"].map(
                (name) => [name, "one"] as const,
            ),
            ["environment", "elsewhere"],
        ]),
    } as const;

    it("leaves the diff as it is, and says why", async () => {
        const said: string[] = [];
        const told = await withLastActivity(diff, hub, (line) => said.push(line));
        assert.deepEqual(told, diff);
        assert.equal(said.length, 1);
        assert.match(said[0], /^last activity is unknown: .*elsewhere/);
    });

    it("is not asked for when nobody loses access", async () => {
        const said: string[] = [];
        const harmless = { ...diff, access: { lost: [], kept: [] } };
        assert.equal(await withLastActivity(harmless, hub, (line) => said.push(line)), harmless);
        assert.deepEqual(said, []);
    });
});
