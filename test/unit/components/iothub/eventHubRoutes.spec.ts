import { strict as assert } from "assert";
import { Declared, declaredBy, setMocks, valueOf } from "../../../support/pulumiMocks";

type Module = typeof import("../../../../components/iothub/eventHubRoutes");
type Routes = InstanceType<Module["EventHubRoutes"]>;

const named =
    "/subscriptions/other/resourceGroups/rg-data/providers/Microsoft.EventHub/namespaces/plant-1/eventhubs/alarms";
const reader = "8d3cbf0a-2e0c-4a53-9f0b-5f1f6b1d7d11";

describe("EventHubRoutes, with Pulumi's mocks", function () {
    this.timeout(20_000);
    let routes: Module;
    let createdOn: string;

    before(async () => {
        await setMocks({
            "azure-native:managedidentity:UserAssignedIdentity": () => ({ principalId: "sender" }),
            "azure-native:eventhub:Namespace": () => ({}),
            "azure-native:eventhub:EventHub": () => ({}),
            "azure-native:eventhub:ConsumerGroup": () => ({}),
            "azure-native:authorization:RoleAssignment": () => ({ createdOn }),
            "random:index/randomString:RandomString": () => ({ result: "abc123" }),
        });
        routes = await import("../../../../components/iothub/eventHubRoutes");
    });

    beforeEach(() => {
        createdOn = "2020-01-01T00:00:00Z";
    });

    async function declare(
        list: readonly Partial<
            import("../../../../components/iothub/eventHubRoutes").EventHubRoute
        >[],
        waitSeconds = 120,
    ): Promise<{ declared: ReadonlyMap<string, Declared>; made: Routes }> {
        let made: Routes | undefined;
        const declared = await declaredBy(() => {
            made = new routes.EventHubRoutes("r", {
                resourceGroupName: "rg",
                location: "westeurope",
                subscriptionId: "s",
                hubDomain: "azure-devices.us",
                prefix: "7even",
                waitSeconds,
                routes: list.map((one) => ({
                    name: "telemetry",
                    eventHub: { kind: "own", partitions: 4, retentionDays: 1, consumerGroups: [] },
                    source: "DeviceMessages",
                    condition: "true",
                    readers: [],
                    ...one,
                })),
            });
        });
        assert.ok(made);
        return { declared, made };
    }

    it("creates a namespace without keys for the stack's own Event Hubs, and none for existing ones", async () => {
        const { declared } = await declare([{}]);
        const namespace = declared.get("r-namespace Namespace")?.inputs ?? {};
        assert.equal(namespace.disableLocalAuth, true);
        assert.match(String(namespace.namespaceName), /^[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]$/);
        const { declared: others } = await declare([{ eventHub: { kind: "named", id: named } }]);
        assert.ok(![...others.values()].some(({ type }) => /:eventhub:/.test(type)));
    });

    it("grants the identity and the readers roles only on the Event Hub", async () => {
        const { declared } = await declare([
            {
                eventHub: { kind: "named", id: named },
                readers: [{ objectId: reader, kind: "User" }],
            },
        ]);
        const assigned = [...declared.values()].filter(({ type }) => /RoleAssignment$/.test(type));
        const definitions =
            "/subscriptions/other/providers/Microsoft.Authorization/roleDefinitions";
        assert.deepEqual(
            assigned.map(({ inputs }) => inputs),
            [
                {
                    scope: named,
                    roleDefinitionId: `${definitions}/a638d3c7-ab3a-418d-83e6-5f17a39d4fde`,
                    principalId: reader,
                    principalType: "User",
                },
                {
                    scope: named,
                    roleDefinitionId: `${definitions}/2b629674-e913-4c01-ae53-ef4638d8f975`,
                    principalId: "sender",
                    principalType: "ServicePrincipal",
                },
            ],
        );
    });

    it("configures the hub's identity, the cloud's endpoint and the fallback route", async () => {
        const { made } = await declare([{ eventHub: { kind: "named", id: named } }]);
        const { output } = await import("@pulumi/pulumi");
        assert.deepEqual(await valueOf(output(made.hub)), {
            identity: { type: "UserAssigned", userAssignedIdentities: ["r-identity-id"] },
            routing: {
                endpoints: {
                    eventHubs: [
                        {
                            name: "telemetry",
                            authenticationType: "identityBased",
                            endpointUri: "sb://plant-1.servicebus.usgovcloudapi.net",
                            entityPath: "alarms",
                            identity: { userAssignedIdentity: "r-identity-id" },
                            subscriptionId: "other",
                            resourceGroup: "rg-data",
                        },
                    ],
                },
                routes: [
                    {
                        name: "telemetry",
                        source: "DeviceMessages",
                        condition: "true",
                        endpointNames: ["telemetry"],
                        isEnabled: true,
                    },
                ],
                fallbackRoute: {
                    name: "$fallback",
                    source: "DeviceMessages",
                    condition: "true",
                    endpointNames: ["events"],
                    isEnabled: true,
                },
            },
        });
    });

    it("delays the hub until a new role has the configured age, and not for an old role", async () => {
        const { output } = await import("@pulumi/pulumi");
        const held = async (seconds: number): Promise<void> => {
            const { made } = await declare([{}], seconds);
            await valueOf(output(made.hub));
        };
        await held(3600);
        createdOn = new Date().toISOString();
        await held(3);
        assert.ok(Date.now() - Date.parse(createdOn) >= 3000);
    });
});
