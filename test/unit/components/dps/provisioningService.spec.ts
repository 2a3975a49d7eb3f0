import { strict as assert } from "assert";
import { keyDigest, PresentService } from "../../../../components/dps/presentService";
import { Declared, declaredBy, setMocks } from "../../../support/pulumiMocks";

type Services = typeof import("../../../../components/dps/provisioningService");

const hostName = "iot-abc.azure-devices.net";
const link = { hostName, key: "key", location: "westeurope", weight: 1 };
const rule = { filterName: "office", action: "Accept", ipMask: "10.0.0.0/8" };

describe("a provisioning service, with Pulumi's mocks", () => {
    let services: Services;

    before(async () => {
        await setMocks({
            "azure-native:deviceprovisioningservices:IotDpsResource": () => ({}),
            "random:index/randomString:RandomString": () => ({ result: "abc123" }),
        });
        services = await import("../../../../components/dps/provisioningService");
    });

    const present: PresentService = {
        recorded: {
            sku: { name: "S1", tier: "Standard", capacity: 1 },
            properties: {
                allocationPolicy: "Hashed",
                iotHubs: [{ name: hostName, location: "West Europe", allocationWeight: 1 }],
            },
        },
        digests: { [hostName]: keyDigest("key") },
        parts: { tags: { site: "Oslo" }, properties: { ipFilterRules: [rule] } },
        policies: [
            { keyName: "mine", rights: "ServiceConfig", primaryKey: "a", secondaryKey: "b" },
        ],
    };

    async function declare(
        changes: Partial<ConstructorParameters<Services["ProvisioningService"]>[1]> = {},
    ): Promise<Declared> {
        const declared = await declaredBy(
            () =>
                new services.ProvisioningService("dps", {
                    resourceGroupName: "group",
                    location: "westeurope",
                    serviceName: undefined,
                    prefix: "dps",
                    units: 1,
                    allocationPolicy: "Hashed",
                    linkedHubs: [{ ...link, policy: "iot-x509-dps" }],
                    isNew: false,
                    knownLinks: [link],
                    ...changes,
                }),
        );
        const found = declared.get("dps-service IotDpsResource");
        assert.ok(found);
        return found;
    }

    const ignored = ({ options }: Declared): readonly string[] => options.ignoreChanges ?? [];
    const properties = ({ inputs }: Declared) => inputs.properties as Record<string, unknown>;

    it("ignores what the service sets itself and azure-native has as inputs, whether it is there or not", async () => {
        for (const one of [await declare(), await declare({ present })]) {
            assert.deepEqual(ignored(one).slice(0, 2), [
                "properties.state",
                "properties.provisioningState",
            ]);
        }
    });

    it("that is as declared: what others have is not looked at", async () => {
        const settled = await declare({ present });
        assert.deepEqual(Object.keys(properties(settled)).sort(), ["allocationPolicy", "iotHubs"]);
        assert.ok(ignored(settled).includes("tags"));
        assert.ok(ignored(settled).includes("properties.ipFilterRules"));
        assert.ok(ignored(settled).includes("properties.authorizationPolicies"));
    });

    for (const [what, changes] of [
        ["another number of units", { units: 2 }],
        ["another weight", { knownLinks: [{ ...link, weight: 2 }] }],
        ["another key", { knownLinks: [{ ...link, key: "new" }] }],
        ["another hub", { knownLinks: [{ ...link, hostName: "iot-x.azure-devices.net" }] }],
        ["a hub that this run makes", { knownLinks: undefined }],
    ] as const) {
        it(`${what}: is written with all that others have`, async () => {
            const written = await declare({ present, ...changes });
            assert.deepEqual(written.inputs.tags, { site: "Oslo" });
            assert.deepEqual(properties(written).ipFilterRules, [rule]);
            assert.deepEqual(properties(written).authorizationPolicies, present.policies);
            assert.ok(written.secrets.includes("properties"));
            assert.deepEqual(ignored(written), [
                "properties.state",
                "properties.provisioningState",
                "provisioningServiceName",
            ]);
        });
    }

    it("a link whose key nobody may read stays as it is", async () => {
        const kept = await declare({
            present,
            linkedHubs: [{ ...link, key: undefined, policy: "iot-x509-dps" }],
            knownLinks: [{ ...link, key: undefined }],
        });
        assert.ok(ignored(kept).includes("properties.iotHubs[0].connectionString"));
        assert.ok(ignored(kept).includes("tags"));
    });
});
