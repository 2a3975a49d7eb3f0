import * as assert from "assert";
import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { EnvironmentCredential } from "@azure/identity";
import { Stack } from "@pulumi/pulumi/automation";
import { register } from "../../sample-device/registration";
import { outputValues } from "../../scripts/lib/outputValues";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { shared } from "../support/emulator";
import { requirePulumi } from "../support/tools";

interface Outputs {
    readonly hub: { readonly id: string; readonly hostName: string };
    readonly resourceGroupName: string;
    readonly provisioning: { readonly name: string; readonly idScope: string };
    readonly devices: Record<string, { readonly chain: string; readonly privateKey: string }>;
}

const location = "westeurope";

describe("a provisioning service that is linked to a hub of another stack and subscription, too", function () {
    this.timeout(300_000);
    const projects: ProjectCopy[] = [];
    const outputs = new Map<Stack, Outputs>();
    let near: Stack;
    let far: Stack;

    before(async function () {
        const { pulumiHome } = requirePulumi(this);
        const make = async (
            name: string,
            change: (config: Record<string, unknown>) => void,
            subscriptionId = shared().subscriptionId,
        ) => {
            const environment = { ...process.env, ARM_SUBSCRIPTION_ID: subscriptionId };
            const project = ProjectCopy.make({ environment, pulumiHome });
            projects.push(project);
            project.changeSettings(name, (config) => {
                config["iot-x509:devices"] = [];
                config["iot-x509:groups"] = {};
                config["iot-x509:dps"] = {};
                change(config);
            });
            const stack = await project.stack(name);
            outputs.set(stack, outputValues((await stack.up()).outputs) as unknown as Outputs);
            return stack;
        };
        const other = await shared().manage<{ subscriptionId: string }>("POST", "/subscriptions");
        far = await make("far", () => undefined, other.subscriptionId);
        const { id } = outputsOf(far).hub;
        assert.ok(id.startsWith(`/subscriptions/${other.subscriptionId}/`), id);
        near = await make("near", (config) => {
            config["iot-x509:groups"] = {
                pumps: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
            };
            config["iot-x509:devices"] = [{ id: "pump-1", group: "pumps" }];
            config["iot-x509:dps"] = { weight: 0, linkedHubs: [{ id, location, weight: 7 }] };
        });
    });

    after(async () => {
        await near?.destroy();
        await far?.destroy();
        projects.forEach((project) => project.remove());
    });

    function outputsOf(stack: Stack): Outputs {
        return outputs.get(stack) as Outputs;
    }

    it("has both links, with their weights", async () => {
        const { provisioning, resourceGroupName, hub } = outputsOf(near);
        const arm = new IotDpsClient(new EnvironmentCredential(), shared().subscriptionId);
        const service = await arm.iotDpsResource.get(provisioning.name, resourceGroupName);
        const weights = service.properties.iotHubs?.map(({ name, allocationWeight }) => [
            name,
            allocationWeight,
        ]);
        const farHost = outputsOf(far).hub.hostName;
        assert.deepStrictEqual(
            weights?.sort(),
            [
                [hub.hostName, 0],
                [farHost, 7],
            ].sort(),
        );
    });

    it("assigns a device to the hub that the weights select", async () => {
        const { provisioning, devices } = outputsOf(near);
        const { chain, privateKey } = devices["pump-1"];
        const connectionString = await register({
            idScope: provisioning.idScope,
            registrationId: "pump-1",
            chainPem: chain,
            keyPem: privateKey,
        });
        const { hostName } = outputsOf(far).hub;
        assert.strictEqual(connectionString, `HostName=${hostName};DeviceId=pump-1;x509=true`);
    });
});
