import { strict as assert } from "assert";
import { readSettings } from "../../../../stacks/config";
import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

const eventHubId =
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/rg-data" +
    "/providers/Microsoft.EventHub/namespaces/plant-1/eventhubs/alarms";
const reader = "8d3cbf0a-2e0c-4a53-9f0b-5f1f6b1d7d11";

const routes = (all: unknown, hub: Raw = {}): Raw => good({ hub: { ...hub, routes: all } });
const route = (settings: unknown): Raw => routes({ telemetry: settings });
const own = (settings: Raw): Raw => route({ eventHub: settings });

describe("configuration: routes", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const read = (raw: Raw) => readSettings(raw, folder.path).hub;

    it("are absent by default", () => {
        assert.deepEqual(read(good()).routes, []);
        assert.deepEqual(read(routes({})).routes, []);
        assert.equal(read(good()).routeWaitSeconds, 120);
    });

    it("have defaults for an Event Hub that the stack creates", () => {
        assert.deepEqual(read(own({})).routes, [
            {
                name: "telemetry",
                eventHub: { kind: "own", partitions: 4, retentionDays: 1, consumerGroups: [] },
                source: "DeviceMessages",
                condition: "true",
                readers: [],
            },
        ]);
    });

    it("accept an existing Event Hub, a condition and readers", () => {
        const condition = "level = 'high'";
        const readers = { [reader]: "User" };
        assert.deepEqual(read(route({ eventHub: { id: eventHubId }, condition, readers })).routes, [
            {
                name: "telemetry",
                eventHub: { kind: "named", id: eventHubId },
                source: "DeviceMessages",
                condition,
                readers: [{ objectId: reader, kind: "User" }],
            },
        ]);
    });

    const eleven = Object.fromEntries(
        Array.from({ length: 11 }, (_, index) => [`r${index}`, { eventHub: {} }]),
    );
    refuses(
        () => folder.path,
        inputs([
            [
                "a route without Event Hub",
                route({ condition: "true" }),
                "hub.routes.telemetry.eventHub",
                "(not set)",
                "is required",
                "eventHub: {}",
            ],
            [
                "a route that is no mapping",
                route("telemetry"),
                "hub.routes.telemetry",
                '"telemetry"',
                "a route must be a mapping",
                "eventHub, source, condition, readers",
            ],
            [
                "a hub for an Event Hub",
                own({
                    id: eventHubId.replace(/Microsoft.EventHub.*/, "Microsoft.Devices/IotHubs/h"),
                }),
                "hub.routes.telemetry.eventHub.id",
                `"${eventHubId.slice(0, 60)}…"`,
                "resource ID of an Event Hub",
                "az eventhubs eventhub show",
            ],
            [
                "settings of another's Event Hub",
                own({ id: eventHubId, partitions: 2 }),
                "hub.routes.telemetry.eventHub.partitions",
                "2",
                "id names an existing one",
                "delete one",
            ],
            [
                "33 partitions",
                own({ partitions: 33 }),
                "hub.routes.telemetry.eventHub.partitions",
                "33",
                "from 1 to 32",
                "from 1 to 32",
            ],
            [
                "the default consumer group",
                own({ consumerGroups: ["$Default"] }),
                "hub.routes.telemetry.eventHub.consumerGroups[0]",
                '"$Default"',
                "name of a consumer group",
                "always exists",
            ],
            [
                "a name of the hub's own",
                routes({ Events: { eventHub: {} } }),
                "hub.routes.Events",
                '"Events"',
                "must not be the name of a built-in endpoint",
                "rename it",
            ],
            [
                "names that differ by case",
                routes({ Data: { eventHub: {} }, data: { eventHub: {} } }),
                "hub.routes.data",
                '"data"',
                "more than upper and lower case",
                "rename it",
            ],
            [
                "a name with a space",
                routes({ "my data": { eventHub: {} } }),
                'hub.routes["my data"]',
                '"my data"',
                "must be a name for a route",
                "rename it",
            ],
            [
                "an unknown source",
                route({ eventHub: {}, source: "Telemetry" }),
                "hub.routes.telemetry.source",
                '"Telemetry"',
                "one of DeviceMessages",
                "DeviceMessages",
            ],
            [
                "a reader by name",
                route({ eventHub: {}, readers: { dashboard: "User" } }),
                "hub.routes.telemetry.readers.dashboard",
                '"dashboard"',
                "object ID",
                "az ad sp show",
            ],
            [
                "a reader of an unknown kind",
                route({ eventHub: {}, readers: { [reader]: "Robot" } }),
                `hub.routes.telemetry.readers.${reader}`,
                '"Robot"',
                "ServicePrincipal, User, Group",
                "ServicePrincipal",
            ],
            [
                "two routes of a free hub",
                routes({ a: { eventHub: {} }, b: { eventHub: {} } }, { sku: "F1" }),
                "hub.routes",
                "a mapping of 2",
                "tier F1 has at most 1 route",
                "keep 1 route",
            ],
            [
                "eleven routes",
                routes(eleven),
                "hub.routes",
                "a mapping of 11",
                "at most 10 routes",
                "keep 10",
            ],
            [
                "a wait of an hour",
                good({ hub: { routeWaitSeconds: 3600 } }),
                "hub.routeWaitSeconds",
                "3600",
                "from 0 to 900",
                "from 0 to 900",
            ],
        ]),
    );
});
