import * as assert from "assert";
import { EventHubConsumerClient } from "@azure/event-hubs";
import { Message } from "azure-iot-device";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { makeReader, Reader, readEvents } from "../support/eventReading";
import { armRequest } from "../support/iotHubClient";
import { connectDevice } from "../support/liveDevice";

interface Outputs extends StackOutputs {
    readonly routes?: Readonly<
        Record<string, { readonly namespaceHostName: string; readonly eventHub: string }>
    >;
}

/** Telemetry of a stack without shared access keys, read by whom the stack lets. */
describe("hub.routes", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let reader: Reader;

    before(async function () {
        reader = await makeReader();
        // A hub whose endpoint is made before the role counts is refused.
        await shared().manage("PATCH", "/settings", { rolePropagationSeconds: 5 });
        deployment = await Deployment.make(this, "routes", {
            hub: {
                prefix: "routes",
                routeWaitSeconds: 6,
                routes: {
                    telemetry: {
                        eventHub: { consumerGroups: ["dashboard"] },
                        readers: { [reader.objectId]: "ServicePrincipal" },
                    },
                },
            },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [{ id: "pump-1", group: "pumps" }],
        });
        const printed = await deployment.up();
        assert.match(printed, /waiting \d s for the role of the routes' identity to take effect/);
        await shared().manage("PATCH", "/settings", { rolePropagationSeconds: 0 });
    });

    after(async () => {
        await shared().manage("PATCH", "/settings", { rolePropagationSeconds: 0 });
        deployment?.project.remove();
    });

    const outputs = async (): Promise<Outputs> => (await deployment.outputs()) as Outputs;

    async function consumer(
        group: string,
        { credential }: Reader,
    ): Promise<EventHubConsumerClient> {
        const { routes } = await outputs();
        const { namespaceHostName, eventHub } = routes?.telemetry ?? {
            namespaceHostName: "",
            eventHub: "",
        };
        return new EventHubConsumerClient(group, namespaceHostName, eventHub, credential, {
            retryOptions: { maxRetries: 0 },
        });
    }

    async function send(...bodies: string[]): Promise<void> {
        const { devices } = await outputs();
        const device = await connectDevice(devices["pump-1"]);
        for (const body of bodies) {
            const message = new Message(body);
            message.properties.add("unit", "bar");
            message.contentType = "application/json";
            message.contentEncoding = "utf-8";
            await device.sendEvent(message);
        }
        await device.close();
    }

    /** Types and names of what is in the stack's resource group. */
    async function resources(): Promise<string[]> {
        const { resourceGroupName } = await outputs();
        const path = `/resourceGroups/${resourceGroupName}/resources`;
        const { body } = await armRequest(deployment.arm, "GET", path);
        return (body as { value: { type: string }[] }).value.map(({ type }) => type).sort();
    }

    it("brings each message and its system properties to a reader that has the role", async () => {
        await send('{"pressure":1}', '{"pressure":2}', '{"pressure":3}');
        const events = await readEvents(
            await consumer("dashboard", reader),
            ({ length }) => length >= 3,
        );
        assert.deepEqual(
            events.map(({ body }) => body as unknown),
            [{ pressure: 1 }, { pressure: 2 }, { pressure: 3 }],
        );
        for (const { properties, systemProperties = {}, contentType } of events) {
            assert.deepEqual(properties, { unit: "bar" });
            assert.equal(contentType, "application/json");
            assert.equal(systemProperties["iothub-connection-device-id"], "pump-1");
            assert.match(String(systemProperties["iothub-connection-auth-method"]), /x509/);
        }
    });

    it("refuses a reader without the role", async () => {
        const client = await consumer("$Default", await makeReader());
        await assert.rejects(client.getEventHubProperties(), { code: "UnauthorizedError" });
        await client.close();
    });

    it("has nothing to do in a second run, nor after a refresh", async () => {
        assert.deepEqual(await deployment.plan(), []);
        const { summary } = await deployment.stack.refresh();
        assert.deepEqual(Object.keys(summary.resourceChanges ?? {}), ["same"]);
        assert.deepEqual(await deployment.plan(), []);
    });

    it("leaves the namespace without keys, and shows none", async () => {
        const { routes, resourceGroupName } = await outputs();
        assert.deepEqual(Object.keys(routes?.telemetry ?? {}).sort(), [
            "eventHub",
            "namespaceHostName",
        ]);
        const [name] = (routes?.telemetry.namespaceHostName ?? "").split(".");
        const { body } = await armRequest(
            deployment.arm,
            "GET",
            `/resourceGroups/${resourceGroupName}/providers/Microsoft.EventHub/namespaces/${name}?api-version=2024-01-01`,
        );
        const { properties } = body as { properties: { disableLocalAuth: boolean } };
        assert.equal(properties.disableLocalAuth, true);
    });

    it("accepts a route with a condition to an existing Event Hub, and another number of partitions", async () => {
        const { resourceGroupName, routes } = await outputs();
        const [name] = (routes?.telemetry.namespaceHostName ?? "").split(".");
        const path = `/resourceGroups/${resourceGroupName}/providers/Microsoft.EventHub/namespaces/${name}/eventhubs/alarms`;
        const { body } = await armRequest(
            deployment.arm,
            "PUT",
            `${path}?api-version=2024-01-01`,
            {},
        );
        const { id } = body as { id: string };
        deployment.change(({ hub }) => {
            hub.routes = {
                telemetry: {
                    eventHub: { partitions: 2, consumerGroups: ["dashboard"] },
                    readers: { [reader.objectId]: "ServicePrincipal" },
                    condition: "unit = 'bar'",
                },
                alarms: {
                    eventHub: { id },
                    condition: "unit = 'none'",
                    readers: { [reader.objectId]: "ServicePrincipal" },
                },
            };
        });
        await deployment.up();
        assert.deepEqual(await deployment.plan(), []);
        await send('{"pressure":4}');
        const telemetry = await consumer("dashboard", reader);
        assert.deepEqual(await telemetry.getPartitionIds(), ["0", "1"]);
        const events = await readEvents(telemetry, ({ length }) => length >= 1);
        assert.deepEqual(
            events.map((event) => event.body as unknown),
            [{ pressure: 4 }],
        );
    });

    it("is removed with its setting, and the hub keeps no identity", async () => {
        deployment.change(({ hub }) => {
            delete hub.routes;
        });
        await deployment.up();
        const { resourceGroupName, hub, routes } = await outputs();
        assert.deepEqual(routes, {});
        assert.deepEqual(await resources(), ["Microsoft.Devices/IotHubs"]);
        const { identity, properties } = await deployment.arm.iotHubResource.get(
            resourceGroupName,
            hub.name,
        );
        assert.equal(identity?.type, "None");
        assert.deepEqual(properties?.routing?.routes, []);
        assert.deepEqual(await deployment.plan(), []);
        await send('{"pressure":5}');
    });

    it("leaves nothing behind when the stack is destroyed", async () => {
        deployment.change(({ hub }) => {
            hub.routes = { telemetry: { eventHub: {} } };
        });
        await deployment.up();
        await deployment.stack.destroy();
        const dump = await shared().manage<{
            readonly eventHubs: { readonly namespaces: object[] };
            readonly identities: { readonly identities: object[] };
            readonly hubs: { readonly hubs: { readonly name: string }[] };
        }>("GET", "/dump");
        assert.deepEqual(dump.eventHubs.namespaces, []);
        assert.deepEqual(dump.identities.identities, []);
        assert.deepEqual(
            dump.hubs.hubs.filter(({ name }) => name.startsWith("routes-")),
            [],
        );
    });
});
