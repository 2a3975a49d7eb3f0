import { strict as assert } from "assert";
import { register } from "../../sample-device/registration";
import { Deployment, StackOutputs } from "../support/deployment";
import { connects, DeviceCredentials, refusal } from "../support/liveDevice";

/** `pulumi stack rename`: the devices' tags name the stack. */
describe("a stack that is renamed", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    /** By ID, as the devices hold them. */
    const held = new Map<string, DeviceCredentials>();

    before(async function () {
        deployment = await Deployment.make(this, "formername", {
            dps: {},
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256" },
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
            },
            devices: ["pump-1", "pump-2", "pump-3", "meter-1", "meter-2", "meter-3"].map((id) => ({
                id,
                group: id.startsWith("pump") ? "pumps" : "meters",
            })),
        });
        await deployment.up();
        const { devices, provisioning } = (await deployment.outputs()) as StackOutputs & {
            readonly provisioning: { readonly idScope: string };
        };
        const { idScope } = provisioning;
        for (const [id, { chain, privateKey, connectionString }] of Object.entries(devices)) {
            const request = { idScope, registrationId: id, chainPem: chain, keyPem: privateKey };
            const address = id.startsWith("pump") ? connectionString : await register(request);
            held.set(id, { chain, privateKey, connectionString: address });
        }
    });

    after(() => deployment?.remove());

    async function remove(...ids: readonly string[]): Promise<void> {
        deployment.change((settings) => {
            settings.devices = settings.devices.filter(({ id }) => !ids.includes(String(id)));
        });
        await deployment.up();
        for (const [id, device] of held) {
            if (ids.includes(id)) {
                assert.equal(await refusal(device), "deviceUnknown", id);
                held.delete(id);
            } else {
                await connects(device);
            }
        }
        await deployment.pulumi("preview", "--refresh", "--expect-no-changes");
    }

    it("changes its tags alone, and keeps all devices", async () => {
        deployment = await deployment.renamed("latername");
        const plan = await deployment.plan();
        assert.ok(
            plan.every((step) =>
                /^update (HubAudit|DeviceIdentity|DeviceRegistration) /.test(step),
            ),
            plan.join(", "),
        );
        await remove();
    });

    it("removes devices from their hub after it", () => remove("pump-1", "meter-1"));

    it("removes devices from their hub in the run that changes the tags", async () => {
        deployment = await deployment.renamed("lastname");
        await remove("pump-2", "meter-2");
    });
});
