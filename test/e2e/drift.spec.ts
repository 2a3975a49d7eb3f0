import * as assert from "assert";
import { Device, Registry } from "azure-iothub";
import { Deployment, HubAuthentication, StackOutputs } from "../support/deployment";
import { ownCertificate } from "../support/deviceFiles";
import { connects } from "../support/liveDevice";

type DeviceDescription = Parameters<Registry["create"]>[0];

/** Somebody changes the hub by hand: `refresh` sees it, `up` puts it right. */
describe("drift", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let outputs: StackOutputs;
    let registry: Registry;

    before(async function () {
        deployment = await Deployment.make(this, "drift", {
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256" },
                sensors: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: [
                { id: "disabled", group: "pumps" },
                { id: "deleted", group: "pumps" },
                { id: "by-thumbprint", group: "sensors" },
                { id: "by-key", group: "sensors" },
                { id: "tagged", group: "sensors", tags: { site: "Oslo", line: { number: 1 } } },
                { id: "untouched", group: "sensors", tags: { site: "Oslo" } },
            ],
        });
        await deployment.up();
        outputs = await deployment.outputs();
        registry = await deployment.registry();
    });

    after(() => deployment?.remove());

    async function authority(name: string) {
        const { certificateName } = outputs.trusted[name];
        const found = (await deployment.authorities()).find((one) => one.name === certificateName);
        return found && { ...found, arguments: [...hubArguments(), certificateName] as const };
    }

    const hubArguments = () => [outputs.resourceGroupName, outputs.hub.name] as const;

    /** What somebody could do in the portal. */
    async function changeByHand(): Promise<void> {
        const { certificates } = deployment.arm;
        const pumps = await authority("pumps-g1");
        const sensors = await authority("sensors-g1");
        assert.ok(pumps && sensors);
        const properties = { certificate: pumps.certificate };
        const [group, hub, name] = pumps.arguments;
        const ifMatch = pumps.etag;
        await certificates.createOrUpdate(group, hub, name, { properties }, { ifMatch });
        await certificates.delete(...sensors.arguments, sensors.etag);

        const byCa = { type: "certificateAuthority" };
        await update("disabled", { status: "disabled", authentication: byCa });
        await registry.delete("deleted");
        const primaryThumbprint = ownCertificate("by-thumbprint").fingerprint.split(":").join("");
        const authentication = { type: "selfSigned", x509Thumbprint: { primaryThumbprint } };
        await update("by-thumbprint", { status: "enabled", authentication });
        await update("by-key", { status: "enabled", authentication: { type: "sas" } });
        const tags = { site: "Bergen", line: { number: 2 }, foreign: "stays" };
        await registry.updateTwin("tagged", { tags }, "*");
    }

    const update = (deviceId: string, description: object): Promise<unknown> =>
        registry.update({ deviceId, ...description } as DeviceDescription);

    it("begins with nothing to do", async () => {
        assert.equal((await authority("pumps-g1"))?.isVerified, true);
        await connects(outputs.devices["disabled"]);
        await connects(outputs.devices["by-key"]);
    });

    it("is found by refresh: every change, and nothing else", async () => {
        await changeByHand();
        assert.equal((await authority("pumps-g1"))?.isVerified, false);
        assert.equal(await authority("sensors-g1"), undefined);
        const { summary } = await deployment.stack.refresh();
        const { same, ...changes } = summary.resourceChanges ?? {};
        assert.deepEqual(changes, { update: 5, delete: 2 });
        assert.ok((same ?? 0) > 20);
    });

    it("is shown by the preview", async () => {
        assert.deepEqual(await deployment.plan(), [
            "create DeviceIdentity deleted",
            "create VerifiedCertificate sensors-g1",
            "update DeviceIdentity by-key",
            "update DeviceIdentity by-thumbprint",
            "update DeviceIdentity disabled",
            "update DeviceIdentity tagged",
            "update VerifiedCertificate pumps-g1",
        ]);
    });

    it("is corrected by up", async () => {
        await deployment.up();
        const authorities = await deployment.authorities();
        assert.deepEqual(
            authorities.map((one) => one.isVerified),
            [true, true],
        );
        const { responseBody: devices } = await registry.list();
        const seen = devices.map(({ deviceId, status, authentication }: Device) => {
            const { type } = authentication as unknown as HubAuthentication;
            return [deviceId, status, type];
        });
        const ids = ["by-key", "by-thumbprint", "deleted", "disabled", "tagged", "untouched"];
        assert.deepEqual(
            seen.sort(),
            ids.map((id) => [id, "enabled", "certificateAuthority"]),
        );
        const { site, line, foreign } = (await deployment.twin("tagged")).tags;
        assert.deepEqual([site, line, foreign], ["Oslo", { number: 1 }, "stays"]);
    });

    it("leaves the devices' certificates unchanged, and they are accepted again", async () => {
        const now = await deployment.outputs();
        for (const [id, { certificate }] of Object.entries(outputs.devices)) {
            assert.equal(now.devices[id].certificate, certificate);
            await connects(outputs.devices[id]);
        }
    });

    it("leaves nothing to do, with and without a refresh", async () => {
        const { changeSummary } = await deployment.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"]);
    });
});
