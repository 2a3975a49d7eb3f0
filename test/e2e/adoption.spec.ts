import { strict as assert } from "assert";
import { writeFileSync } from "fs";
import * as path from "path";
import type { IotHubDescription } from "@azure/arm-iothub";
import { Deployment } from "../support/deployment";
import { shared } from "../support/emulator";
import { armRequest, dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";

const key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";
const bus = `Endpoint=sb://elsewhere.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=${key};EntityPath=alarms`;
const storage = `DefaultEndpointsProtocol=https;AccountName=elsewhere;AccountKey=${key};EndpointSuffix=core.windows.net`;

/** What another tool has configured on a hub. */
async function configure(group: string, hub: string): Promise<void> {
    const arm = iotHubClient();
    const { properties = {}, ...rest } = await arm.iotHubResource.get(group, hub);
    const keys = [];
    for await (const one of arm.iotHubResource.listKeys(group, hub)) {
        keys.push(one);
    }
    await arm.iotHubResource.beginCreateOrUpdateAndWait(group, hub, {
        ...rest,
        tags: { "cost-center": "42" },
        properties: {
            ...properties,
            authorizationPolicies: [...keys, { keyName: "reporting", rights: "ServiceConnect" }],
            ipFilterRules: [{ filterName: "office", action: "Accept", ipMask: "127.0.0.0/8" }],
            networkRuleSets: {
                defaultAction: "Deny",
                applyToBuiltInEventHubEndpoint: true,
                ipRules: [{ filterName: "plant", action: "Allow", ipMask: "127.0.0.0/8" }],
            },
            routing: {
                ...properties.routing,
                endpoints: {
                    serviceBusQueues: [{ name: "alarms", connectionString: bus }],
                    storageContainers: [
                        {
                            name: "archive",
                            connectionString: storage,
                            containerName: "telemetry",
                            batchFrequencyInSeconds: 300,
                            maxChunkSizeInBytes: 314572800,
                            encoding: "JSON",
                        },
                    ],
                },
                routes: [
                    {
                        name: "hot",
                        source: "DeviceMessages",
                        condition: "level > 3",
                        endpointNames: ["alarms"],
                        isEnabled: true,
                    },
                ],
                enrichments: [{ key: "site", value: "$twin.tags.site", endpointNames: ["events"] }],
            },
            storageEndpoints: {
                $default: {
                    sasTtlAsIso8601: "PT2H",
                    connectionString: storage,
                    containerName: "uploads",
                },
            },
            messagingEndpoints: {
                fileNotifications: {
                    lockDurationAsIso8601: "PT2M",
                    ttlAsIso8601: "PT3H",
                    maxDeliveryCount: 7,
                },
            },
            enableFileUploadNotifications: true,
            cloudToDevice: {
                maxDeliveryCount: 33,
                defaultTtlAsIso8601: "PT4H",
                feedback: {
                    lockDurationAsIso8601: "PT1M",
                    ttlAsIso8601: "PT5H",
                    maxDeliveryCount: 9,
                },
            },
            eventHubEndpoints: { events: { retentionTimeInDays: 5, partitionCount: 4 } },
            comments: "asked for by operations",
        },
    });
    // With a subscription of Event Grid Azure refuses an update of the hub that leaves the route out.
    const { status } = await armRequest(
        arm,
        "PUT",
        `/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/${hub}` +
            "/providers/Microsoft.EventGrid/eventSubscriptions/alerts?api-version=2022-06-15",
        { properties: { filter: { includedEventTypes: ["Microsoft.Devices.DeviceTelemetry"] } } },
    );
    assert.equal(status, 201);
}

interface Seen {
    readonly hub: Partial<IotHubDescription>;
    readonly keys: Readonly<Record<string, string | undefined>>;
}

/** A hub and its keys, without what every update changes. */
async function look(group: string, name: string): Promise<Seen> {
    const arm = iotHubClient();
    const hub = withoutChanging(await arm.iotHubResource.get(group, name));
    const keys: Record<string, string | undefined> = {};
    for await (const one of arm.iotHubResource.listKeys(group, name)) {
        keys[one.keyName] = `${one.primaryKey} ${one.secondaryKey} ${one.rights}`;
    }
    return { hub, keys };
}

function withoutChanging(hub: IotHubDescription): Partial<IotHubDescription> {
    return Object.fromEntries(
        Object.entries(hub).filter(([name]) => !["etag", "sku"].includes(name)),
    );
}

describe("a hub that another tool has configured", function () {
    this.timeout(900_000);

    describe("after this program created it", () => {
        let deployment: Deployment;
        let group: string;
        let name: string;

        before(async function () {
            deployment = await Deployment.make(this, "adopted", {
                hub: { prefix: "adopted", localAuth: true },
                groups: { pumps: {} },
                devices: [{ id: "pump-01", group: "pumps" }],
            });
            await deployment.up();
            const { resourceGroupName, hub } = await deployment.outputs();
            [group, name] = [resourceGroupName, hub.name];
            await configure(group, name);
            await shared().manage("PATCH", "/settings", {
                renewOmittedPolicies: true,
                requireBuiltInEndpoint: true,
            });
        });

        after(async () => {
            await shared().manage("PATCH", "/settings", {
                renewOmittedPolicies: false,
                requireBuiltInEndpoint: false,
            });
            await deployment?.remove();
        });

        it("shows no difference", async () => {
            assert.deepEqual(await deployment.plan(), []);
        });

        it("two units: everything else is unchanged, and nothing is left to do", async () => {
            const before = await look(group, name);
            assert.equal(Object.keys(before.keys).length, 6);
            deployment.change(({ hub }) => void (hub.units = 2));
            assert.deepEqual(await deployment.plan(), ["update IotHubResource iot-hub"]);
            await upAsAnnounced(deployment);
            assert.deepEqual(await look(group, name), before);
            const { sku } = await deployment.arm.iotHubResource.get(group, name);
            assert.equal(sku.capacity, 2);
            assert.deepEqual(await deployment.plan(), []);
        });

        it("a refresh finds nothing", async () => {
            await deployment.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
        });

        it("a route that was added since the last run stays when dps is added", async () => {
            const { properties = {}, ...rest } = await deployment.arm.iotHubResource.get(
                group,
                name,
            );
            const { routes = [] } = properties.routing ?? {};
            const all = [...routes, { ...routes[0], name: "cold", condition: "level < 1" }];
            await deployment.arm.iotHubResource.beginCreateOrUpdateAndWait(group, name, {
                ...rest,
                properties: {
                    ...properties,
                    authorizationPolicies: await policies(deployment, group, name),
                    routing: { ...properties.routing, routes: all },
                },
            });
            const before = await look(group, name);
            assert.deepEqual(await deployment.plan(), []);
            deployment.change((settings) => {
                settings.dps = {};
            });
            await deployment.up();
            const { "iot-x509-dps": own, ...others } = (await look(group, name)).keys;
            assert.deepEqual(others, before.keys);
            assert.ok(own);
            assert.deepEqual((await look(group, name)).hub, before.hub);
            assert.deepEqual(await deployment.plan(), []);
        });

        it("after a refresh that found changes, none is reverted", async () => {
            const { properties = {}, ...rest } = await deployment.arm.iotHubResource.get(
                group,
                name,
            );
            const rules = [...(properties.ipFilterRules ?? [])];
            rules.push({ filterName: "home", action: "Accept", ipMask: "192.0.2.7/32" });
            await deployment.arm.iotHubResource.beginCreateOrUpdateAndWait(group, name, {
                ...rest,
                properties: {
                    ...properties,
                    authorizationPolicies: await policies(deployment, group, name),
                    ipFilterRules: rules,
                },
            });
            const before = await look(group, name);
            await deployment.pulumi("refresh", "--yes", "--skip-preview");
            assert.deepEqual(await deployment.plan(), []);
            deployment.change(({ hub }) => void (hub.units = 1));
            await upAsAnnounced(deployment);
            assert.deepEqual(await look(group, name), before);
            assert.deepEqual(await deployment.plan(), []);
        });

        it("localAuth false: keys are refused, and the policy of another tool still exists", async () => {
            const { hub, keys } = await look(group, name);
            deployment.change((settings) => void (settings.hub.localAuth = false));
            await upAsAnnounced(deployment);
            const after = await look(group, name);
            assert.deepEqual(Object.keys(after.keys).sort(), ["iot-x509-dps", "reporting"]);
            assert.equal(after.keys.reporting, keys.reporting);
            assert.deepEqual(after.hub.properties?.routing, hub.properties?.routing);
            assert.deepEqual(await deployment.plan(), []);
        });
    });

    describe("before this program imports it", () => {
        const group = "rg-adopted-import";
        const name = "adopted-import-1";
        let deployment: Deployment;

        before(async function () {
            const arm = iotHubClient();
            await makeHub(arm, group, name);
            await configure(group, name);
            deployment = await Deployment.make(this, "imported", {
                resourceGroup: "existing",
                resourceGroupName: group,
                hub: { name, localAuth: true },
                groups: { pumps: {} },
                devices: [{ id: "pump-01", group: "pumps" }],
            });
        });

        after(async () => {
            deployment?.project.remove();
            await dropGroup(iotHubClient(), group);
        });

        it("is unchanged after the first run, and after two units", async () => {
            const file = path.join(deployment.stack.workspace.workDir, "import.json");
            const id = `/subscriptions/${shared().subscriptionId}/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/${name}`;
            writeFileSync(
                file,
                JSON.stringify({
                    resources: [
                        { type: "iot-x509:iothub:Hub", name: "iot", component: true },
                        {
                            type: "azure-native:iothub:IotHubResource",
                            name: "iot-hub",
                            id,
                            parent: "iot",
                        },
                    ],
                }),
            );
            const before = await look(group, name);
            await deployment.pulumi(
                ...["import", "--file", file, "--yes", "--skip-preview"],
                ...["--protect=false", "--generate-code=false"],
            );
            const plan = await deployment.plan();
            assert.ok(
                !plan.some((step) => /^(create|replace|delete).*iot-hub$/.test(step)),
                `${plan}`,
            );
            await deployment.up();
            assert.deepEqual(withoutSwitches(await look(group, name)), withoutSwitches(before));
            assert.deepEqual(await deployment.plan(), []);
            deployment.change(({ hub }) => void (hub.units = 2));
            await deployment.up();
            assert.deepEqual(withoutSwitches(await look(group, name)), withoutSwitches(before));
            assert.deepEqual(await deployment.plan(), []);
            await deployment.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
        });
    });
});

/**
 * A preview and an `up` of what it announced: with an update plan the engine itself refuses an `up` that writes anything else
 * (Pulumi docs: "Update plans"). The preview has nothing to remark.
 */
async function upAsAnnounced(deployment: Deployment): Promise<void> {
    const plan = deployment.project.file("announced.json");
    deployment.variables.PULUMI_EXPERIMENTAL = "true";
    const printed = await deployment.pulumi("preview", "--save-plan", plan, "--color", "never");
    assert.doesNotMatch(printed, /cannot ignore changes/);
    await deployment.up("--plan", plan);
    delete deployment.variables.PULUMI_EXPERIMENTAL;
}

/** Without what the settings declare: a hub that was made without these shows none. */
function withoutSwitches({ hub, keys }: Seen): Seen {
    const { disableLocalAuth, disableDeviceSAS, disableModuleSAS, ...rest } = hub.properties ?? {};
    assert.ok(!disableLocalAuth && !disableDeviceSAS && !disableModuleSAS);
    return { hub: { ...hub, properties: rest }, keys };
}

async function policies(deployment: Deployment, group: string, name: string) {
    const all = [];
    for await (const one of deployment.arm.iotHubResource.listKeys(group, name)) {
        all.push(one);
    }
    return all;
}
