import { setTimeout } from "timers/promises";
import { IotHubClient, IotHubDescription } from "@azure/arm-iothub";
import { deepStrictEqual, match, ok, rejects, strictEqual } from "assert";
import { armRequest, dropGroup, iotHubClient, makeGroup, refused } from "../support/iotHubClient";

const group = "hub-tests";
const location = "westeurope";
const s1 = { name: "S1", capacity: 1 };

describe("@azure/arm-iothub: hubs", function () {
    this.timeout(60_000);
    let client: IotHubClient;

    before(async () => {
        client = iotHubClient();
        await makeGroup(client, group);
    });

    after(() => dropGroup(client, group));

    function create(name: string, changes: Partial<IotHubDescription> = {}) {
        const hub = { location, sku: s1, ...changes };
        return client.iotHubResource.beginCreateOrUpdateAndWait(group, name, hub, {
            updateIntervalInMs: 200,
        });
    }

    it("creates, shows, updates, tags and deletes a hub", async () => {
        const free = await client.iotHubResource.checkNameAvailability({ name: "Life-Hub" });
        strictEqual(free.nameAvailable, true);

        const made = await create("Life-Hub", { tags: { team: "a" } });
        strictEqual(made.properties?.state, "Active");
        strictEqual(made.properties?.provisioningState, "Succeeded");
        strictEqual(made.properties?.hostName, "life-hub.azure-devices.net");
        strictEqual(made.name, "Life-Hub");
        strictEqual(made.location, location);
        strictEqual(made.sku?.tier, "Standard");
        match(made.etag as string, /^AAAA[A-Za-z0-9+/]{7}=$/);
        const events = made.properties?.eventHubEndpoints?.events;
        deepStrictEqual(events?.partitionIds, ["0", "1", "2", "3"]);
        match(events?.endpoint as string, /^sb:\/\/iothub-ns-life-hub-\d+-[0-9a-f]+\.servicebus/);
        strictEqual(made.properties?.authorizationPolicies, undefined);
        const taken = await client.iotHubResource.checkNameAvailability({ name: "life-hub" });
        strictEqual(taken.nameAvailable, false);
        strictEqual(taken.reason, "AlreadyExists");

        const updated = await create("life-hub", {
            sku: { name: "S1", capacity: 2 },
            properties: { ...made.properties, disableLocalAuth: true, disableDeviceSAS: true },
        });
        strictEqual(updated.sku?.capacity, 2);
        strictEqual(updated.properties?.disableLocalAuth, true);
        strictEqual(updated.properties?.disableDeviceSAS, true);
        strictEqual(updated.id, made.id);

        const tagged = await client.iotHubResource.beginUpdateAndWait(group, "life-hub", {
            tags: { team: "b" },
        });
        deepStrictEqual(tagged.tags, { team: "b" });
        const shown = await client.iotHubResource.get(group.toUpperCase(), "LIFE-HUB");
        strictEqual(shown.id, made.id);

        await client.iotHubResource.beginDeleteAndWait(group, "life-hub");
        await refused(client.iotHubResource.get(group, "life-hub"), 404, /was not found/);
        const again = await armRequest(
            client,
            "DELETE",
            `/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/life-hub?api-version=2023-06-30`,
        );
        strictEqual(again.status, 204);
    });

    it("answers 201 with an operation to poll, and is Activating until it ends", async () => {
        const seen: { status: number; headers: Record<string, string> }[] = [];
        const poller = await client.iotHubResource.beginCreateOrUpdate(
            group,
            "polled-hub",
            { location, sku: s1 },
            {
                onResponse: (response, body) => {
                    seen.push({ status: response.status, headers: response.headers.toJSON() });
                    if (seen.length === 1) {
                        const hub = body as { properties: { state: string; hostName?: string } };
                        strictEqual(hub.properties.state, "Activating");
                        strictEqual(hub.properties.hostName, undefined);
                    }
                },
            },
        );
        strictEqual(seen[0].status, 201);
        match(
            seen[0].headers["azure-asyncoperation"],
            /\/providers\/Microsoft\.Devices\/locations\/westeurope\/operationResults\/[\w-]+\?api-version=2023-06-30&operationSource=other&asyncinfo$/,
        );
        const hub = await poller.pollUntilDone();
        strictEqual(hub.properties?.state, "Active");
    });

    it("lists keys, editions, quotas, statistics and consumer groups", async () => {
        await create("parts-hub");
        const keys: string[] = [];
        for await (const key of client.iotHubResource.listKeys(group, "parts-hub")) {
            keys.push(key.keyName);
            strictEqual(Buffer.from(key.primaryKey as string, "base64").length, 32);
        }
        deepStrictEqual(keys, [
            "iothubowner",
            "service",
            "device",
            "registryRead",
            "registryReadWrite",
        ]);
        const owner = await client.iotHubResource.getKeysForKeyName(
            group,
            "parts-hub",
            "iothubowner",
        );
        strictEqual(owner.rights, "RegistryWrite, ServiceConnect, DeviceConnect");
        const skus: (string | undefined)[] = [];
        for await (const { sku } of client.iotHubResource.listValidSkus(group, "parts-hub")) {
            skus.push(sku.name);
        }
        deepStrictEqual(skus, ["S1", "S2", "S3"]);
        for await (const metric of client.iotHubResource.listQuotaMetrics(group, "parts-hub")) {
            strictEqual(metric.currentValue, 0);
        }
        const stats = await client.iotHubResource.getStats(group, "parts-hub");
        strictEqual(stats.totalDeviceCount, 0);

        const consumerGroup = [group, "parts-hub", "events", "alarms"] as const;
        const made = await client.iotHubResource.createEventHubConsumerGroup(...consumerGroup, {
            properties: { name: "alarms" },
        });
        strictEqual(made.name, "alarms");
        const names: (string | undefined)[] = [];
        for await (const one of client.iotHubResource.listEventHubConsumerGroups(
            group,
            "parts-hub",
            "events",
        )) {
            names.push(one.name);
        }
        deepStrictEqual(names, ["$Default", "alarms"]);
        await client.iotHubResource.deleteEventHubConsumerGroup(...consumerGroup);
        await refused(
            client.iotHubResource.getEventHubConsumerGroup(...consumerGroup),
            404,
            /alarms/,
        );
    });

    it("pages its lists and allows 50 hubs per subscription", async () => {
        const path = `/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs`;
        const body = { location, sku: s1 };
        const statuses: number[] = [];
        for (let index = 0; index < 51 && !statuses.includes(400); index += 1) {
            const name = `page-hub-${index}?api-version=2023-06-30`;
            statuses.push((await armRequest(client, "PUT", `${path}/${name}`, body)).status);
        }
        strictEqual(statuses[statuses.length - 1], 400);
        await refused(create("page-hub-more"), 400, /Max Allowed = 50.*errorcode: IH400019\.$/);

        const sizes: number[] = [];
        const names = new Set<string | undefined>();
        for await (const hubs of client.iotHubResource.listBySubscription().byPage()) {
            sizes.push(hubs.length);
            hubs.forEach((hub) => names.add(hub.name));
        }
        deepStrictEqual(sizes, [20, 20, 10]);
        strictEqual(names.size, 50);
        let inGroup = 0;
        for await (const hub of client.iotHubResource.listByResourceGroup(group)) {
            ok(hub.id?.includes(`/resourceGroups/${group}/`));
            inGroup += 1;
        }
        ok(inGroup >= statuses.length - 1);

        const made = [...names].filter((name) => name?.startsWith("page-hub-")) as string[];
        await Promise.all(
            made.map(async (name) => {
                // A hub that is Activating cannot be deleted.
                while (
                    (await client.iotHubResource.get(group, name)).properties?.state !== "Active"
                ) {
                    await setTimeout(100);
                }
                await client.iotHubResource.beginDeleteAndWait(group, name, {
                    updateIntervalInMs: 200,
                });
            }),
        );
    });

    describe("refuses", () => {
        before(() => create("strict-hub", { properties: { minTlsVersion: "1.2" } }));

        it("a stale If-Match: 412", async () => {
            const hub = await client.iotHubResource.get(group, "strict-hub");
            const description = { location, sku: s1, properties: { minTlsVersion: "1.2" } };
            const put = (ifMatch: string) =>
                client.iotHubResource.beginCreateOrUpdateAndWait(group, "strict-hub", description, {
                    ifMatch,
                });
            await refused(put("AAAADGJGLxo="), 412, /errorcode: IH412001\.$/);
            const written = await put(hub.etag as string);
            strictEqual(written.properties?.minTlsVersion, "1.2");
        });

        it("another location, another minTlsVersion, another partition count", async () => {
            await refused(
                create("strict-hub", { location: "northeurope" }),
                409,
                /already exists in location 'westeurope'/,
            );
            const tls = { properties: { minTlsVersion: "1.0" } };
            await refused(create("strict-hub", tls), 400, /minTlsVersion is read-only/);
            const partitions = {
                properties: { eventHubEndpoints: { events: { partitionCount: 8 } } },
            };
            await refused(
                create("strict-hub", partitions),
                400,
                /partitionCount cannot be changed/,
            );
        });

        it("a name that another group has, and invalid names", async () => {
            await makeGroup(client, "hub-tests-2");
            const hub = { location, sku: s1 };
            await refused(
                client.iotHubResource.beginCreateOrUpdateAndWait("hub-tests-2", "strict-hub", hub),
                409,
                /IotHub name 'strict-hub' not available\..*errorcode: IH409004\.$/,
            );
            await dropGroup(client, "hub-tests-2");
            for (const name of ["ab", "a".repeat(51), "under_score", "-dash", "dash-"]) {
                await refused(create(name), 400, /is not valid/);
                const answer = await client.iotHubResource.checkNameAvailability({ name });
                strictEqual(answer.nameAvailable, false);
                strictEqual(answer.reason, "Invalid");
            }
        });

        it("editions and units that do not exist", async () => {
            for (const sku of [
                { name: "S9", capacity: 1 },
                { name: "S1", capacity: 201 },
                { name: "S3", capacity: 11 },
                { name: "F1", capacity: 2 },
                { name: "S1", capacity: 0 },
            ]) {
                await refused(create("sku-hub", { sku }), 400, /not valid/);
            }
            await refused(
                create("strict-hub", { sku: { name: "B1", capacity: 1 } }),
                400,
                /cannot be changed from S1 to B1/,
            );
        });

        it("a second free hub", async () => {
            const sku = { name: "F1", capacity: 1 };
            await create("free-hub", { sku });
            await refused(
                create("free-hub-2", { sku }),
                400,
                /Max number of Iot Hubs exceeded for sku = Free, Max Allowed = 1, Current = 2/,
            );
        });

        it("unknown locations, groups and API versions", async () => {
            await refused(create("far-hub", { location: "atlantis" }), 400, /is not available/);
            await refused(
                client.iotHubResource.get("no-group", "hub"),
                404,
                /IotHubs\/hub' under resource group 'no-group' was not found/,
            );
            const list = "/providers/Microsoft.Devices/IotHubs";
            for (const version of ["2016-02-03", "2031-01-01"]) {
                const answer = await armRequest(client, "GET", `${list}?api-version=${version}`);
                strictEqual(answer.status, 400);
                match(JSON.stringify(answer.body), /NoRegisteredProviderFound.*type 'IotHubs'/);
            }
            await rejects(client.iotHubResource.listByResourceGroup("no-group").next(), {
                code: "ResourceGroupNotFound",
            });
        });
    });
});
