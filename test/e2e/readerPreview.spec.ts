import { strict as assert } from "assert";
import { Deployment } from "../support/deployment";
import { shared } from "../support/emulator";

interface Principal {
    readonly appId: string;
    readonly secret: string;
}

/** A reviewer's pipeline: reads the resource group and the devices, and may list no keys. */
describe("a preview by a login that may only read", function () {
    this.timeout(600_000);
    const { manage, subscriptionId } = shared();
    let deployment: Deployment;
    let deployer: Record<string, string>;

    async function asReader(settings: Record<string, unknown>): Promise<void> {
        deployment.change((present) => void Object.assign(present, settings));
        Object.assign(deployment.variables, deployer);
        await deployment.up();
        const { resourceGroupName, hub } = await deployment.outputs();
        const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroupName}`;
        const { appId, secret } = await manage<Principal>("POST", "/principals", {
            displayName: "reader",
            roles: [
                { role: "Reader", scope: group },
                { role: "IoT Hub Data Reader", scope: hub.id },
            ],
        });
        Object.assign(deployment.variables, { ARM_CLIENT_ID: appId, ARM_CLIENT_SECRET: secret });
        await manage("DELETE", "/requests");
    }

    before(async function () {
        deployment = await Deployment.make(this, "reader", {
            hub: { prefix: "reader" },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [
                { id: "pump-01", group: "pumps" },
                { id: "pump-02", group: "pumps" },
            ],
        });
        const { ARM_CLIENT_ID = "", ARM_CLIENT_SECRET = "" } = process.env;
        deployer = { ARM_CLIENT_ID, ARM_CLIENT_SECRET };
    });

    after(() => deployment?.remove());

    const preview = () => deployment.pulumi("preview", "--color", "never");

    async function keysAsked(): Promise<string[]> {
        const { requests } = await manage<{ requests: { path: string; outcome: number }[] }>(
            "GET",
            "/requests",
        );
        return requests.filter(({ path }) => /listkeys/i.test(path)).map(({ path }) => path);
    }

    it("without dps asks for no key, and announces what changed alone", async () => {
        await asReader({});
        assert.deepEqual(await deployment.plan(), []);
        deployment.changeDevice("pump-01", { tags: { site: "Oslo" } });
        assert.deepEqual(await deployment.plan(), ["update DeviceIdentity pump-01"]);
        assert.deepEqual(await keysAsked(), []);
        assert.doesNotMatch(await preview(), /warning|error|may not/);
    });

    it("of a changed hub says in a sentence which keys it could not read; its up ends with it", async () => {
        deployment.change(({ hub }) => void (hub.units = 2));
        const said =
            /this login may not list the keys of the hub reader-\w+ \(Microsoft\.Devices\/IotHubs\/listkeys\/action\)/;
        assert.match(await preview(), said);
        assert.deepEqual(await deployment.plan(), [
            "update DeviceIdentity pump-01",
            "update IotHubResource iot-hub",
        ]);
        await assert.rejects(deployment.up(), (error: Error) => {
            assert.match(error.message, said);
            assert.doesNotMatch(error.message, /unhandled|\.ts:\d+/);
            return true;
        });
        deployment.change(({ hub }) => void delete hub.units);
    });

    it("with dps announces nothing of links whose keys it may not read, and says so", async () => {
        await asReader({
            dps: { prefix: "reader" },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256", provisioning: "both" } },
        });
        assert.deepEqual(await deployment.plan(), []);
        deployment.changeDevice("pump-02", { tags: { site: "Oslo" } });
        const printed = await preview();
        assert.match(printed, /may not list the keys of the hub .*: whether others have changed/);
        assert.doesNotMatch(printed, /error:|unhandled|cannot ignore/);
        assert.deepEqual(await deployment.plan(), ["update DeviceIdentity pump-02"]);
    });
});
