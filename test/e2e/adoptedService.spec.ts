import { strict as assert } from "assert";
import {
    IotDpsClient,
    ProvisioningServiceDescription,
} from "@azure/arm-deviceprovisioningservices";
import { EnvironmentCredential } from "@azure/identity";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";

type Outputs = StackOutputs & { readonly provisioning: { readonly name: string } };

/** The provisioning service of a stack is taken as a whole by Azure, too: a PUT leaves out nothing that shall stay. */
describe("a provisioning service that another tool has configured", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let arm: IotDpsClient;
    let group: string;
    let name: string;

    before(async function () {
        arm = new IotDpsClient(new EnvironmentCredential(), shared().subscriptionId);
        deployment = await Deployment.make(this, "adopted-dps", {
            hub: { prefix: "adopted-dps" },
            dps: { prefix: "adopted-dps" },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" } },
            devices: [{ id: "pump-01", group: "pumps" }],
        });
        await deployment.up();
        const outputs = (await deployment.outputs()) as Outputs;
        [group, name] = [outputs.resourceGroupName, outputs.provisioning.name];
        await configure("office");
    });

    after(() => deployment?.remove());

    /** Tags, an IP rule and a policy of that name; links come back with masked keys, which Azure keeps. */
    async function configure(given: string): Promise<void> {
        const service = await arm.iotDpsResource.get(name, group);
        const authorizationPolicies = await policies();
        const ipFilterRules = [
            ...(service.properties.ipFilterRules ?? []),
            { filterName: given, action: "Accept", ipMask: "127.0.0.0/8", target: "all" },
        ];
        const link = `HostName=${(await deployment.outputs()).hub.hostName};SharedAccessKeyName=iot-x509-dps;SharedAccessKey=${await linkKey()}`;
        await arm.iotDpsResource.beginCreateOrUpdateAndWait(group, name, {
            ...service,
            tags: { ...service.tags, [given]: "42" },
            properties: {
                ...service.properties,
                iotHubs: service.properties.iotHubs?.map((one) => ({
                    ...one,
                    connectionString: link,
                })),
                ipFilterRules,
                authorizationPolicies: [
                    ...authorizationPolicies,
                    { keyName: given, rights: "RegistrationStatusRead" },
                ],
            },
        } as ProvisioningServiceDescription);
    }

    async function linkKey(): Promise<string> {
        const { hub } = await deployment.outputs();
        const keys = await deployment.arm.iotHubResource.getKeysForKeyName(
            group,
            hub.name,
            "iot-x509-dps",
        );
        return keys.primaryKey ?? "";
    }

    async function policies() {
        const all = [];
        for await (const one of arm.iotDpsResource.listKeys(name, group)) {
            all.push(one);
        }
        return all;
    }

    async function look() {
        const { tags, properties } = await arm.iotDpsResource.get(name, group);
        const { ipFilterRules, publicNetworkAccess, iotHubs } = properties;
        return {
            tags,
            ipFilterRules,
            publicNetworkAccess,
            iotHubs,
            keys: await policies(),
        };
    }

    it("is no difference", async () => {
        const { tags, ipFilterRules, keys } = await look();
        assert.deepEqual(tags, { office: "42" });
        assert.deepEqual([ipFilterRules?.length, keys.length], [1, 2]);
        assert.deepEqual(await deployment.plan(), []);
    });

    it("keeps its rules, tags and policies with their keys over an update", async () => {
        const before = await look();
        deployment.change((settings) => void (settings.dps = { prefix: "adopted-dps", units: 2 }));
        assert.deepEqual(await deployment.plan(), ["update IotDpsResource dps-service"]);
        await deployment.up();
        const { sku } = await arm.iotDpsResource.get(name, group);
        assert.equal(sku.capacity, 2);
        assert.deepEqual(await look(), before);
        assert.deepEqual(await deployment.plan(), []);
        await deployment.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    });

    it("keeps what came since, when the key of its link is another", async () => {
        await configure("home");
        assert.deepEqual(await deployment.plan(), []);
        const before = await look();
        const { hub } = await deployment.outputs();
        const { properties, ...rest } = await deployment.arm.iotHubResource.get(group, hub.name);
        const keys = [];
        for await (const one of deployment.arm.iotHubResource.listKeys(group, hub.name)) {
            keys.push({ ...one, primaryKey: Buffer.alloc(32, 7).toString("base64") });
        }
        await deployment.arm.iotHubResource.beginCreateOrUpdateAndWait(group, hub.name, {
            ...rest,
            properties: { ...properties, authorizationPolicies: keys },
        });
        assert.deepEqual(await deployment.plan(), ["update IotDpsResource dps-service"]);
        await deployment.up();
        assert.deepEqual(await look(), before);
        assert.deepEqual(await deployment.plan(), []);
    });
});
