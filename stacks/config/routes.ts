import { partPattern } from "../../components/inputs/resourceNames";
import { serviceLimits } from "../../components/azure/serviceLimits";
import {
    EventHubSettings,
    HubSettings,
    RouteReader,
    RouteSettings,
    RouteSource,
} from "../settings";
import { Section, sectionAt } from "./section";

/** Message sources of a route (azure-rest-api-specs iothub.json 2023-06-30, RoutingSource). */
const sources: readonly RouteSource[] = [
    "DeviceMessages",
    "TwinChangeEvents",
    "DeviceLifecycleEvents",
    "DeviceJobLifecycleEvents",
    "DigitalTwinChangeEvents",
    "DeviceConnectionStateEvents",
];

/** Maximum number of custom endpoints of a hub (Azure docs: iot-hub-devguide-quotas-throttling). */
const mostEndpoints = { paid: 10, free: 1 };

/** Endpoint names that the service reserves, in lower case. */
const reserved = ["events", "operationsmonitoringevents", "filenotifications"];

const objectId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The routes of `hub.routes`, by name; none if the setting is absent. */
export function readRoutes(hub: Section, sku: HubSettings["sku"]): RouteSettings[] {
    const routes = hub.section("routes", "the routes", undefined);
    const names = routes.keys();
    const most = sku === "F1" ? mostEndpoints.free : mostEndpoints.paid;
    if (names.length > most) {
        const count = `${most} ${most === 1 ? "route" : "routes"}`;
        hub.bad("routes", `a hub of tier ${sku} has at most ${count}`, `keep ${count}`);
    }
    return names.flatMap((name) => readRoute(routes, name, names));
}

function readRoute(routes: Section, name: string, names: readonly string[]): RouteSettings[] {
    if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?$/.test(name)) {
        routes.report.value(
            routes.pathOf(name),
            name,
            "must be a name for a route, its endpoint and its Event Hub: 1 to 50 letters, digits or . _ -, with a letter or digit at both ends",
            "rename it",
        );
    }
    const small = name.toLowerCase();
    if (reserved.includes(small)) {
        routes.report.value(
            routes.pathOf(name),
            name,
            "must not be the name of a built-in endpoint",
            "rename it, for example telemetry",
        );
    }
    if (names.find((one) => one.toLowerCase() === small) !== name) {
        routes.report.value(
            routes.pathOf(name),
            name,
            "must differ from other routes by more than upper and lower case",
            "rename it",
        );
    }
    const known = ["eventHub", "source", "condition", "readers"];
    const route = sectionAt(routes.report, routes.pathOf(name), routes.raw(name), "a route", known);
    if (route === undefined) {
        return [];
    }
    if (!route.has("eventHub")) {
        route.missing(
            "eventHub",
            "write eventHub: {} to create an Event Hub, or set the id of an existing one",
        );
    }
    const condition = route.text("condition", {
        pattern: /^(?=.*\S)[\s\S]{1,4096}$/,
        rule: "must be a condition of IoT Hub's message routing",
        remedy: `write it in the hub's query language, for example "level = 'high'", or omit it for all messages`,
    });
    return [
        {
            name,
            eventHub: readEventHub(route),
            source: route.oneOf("source", sources, "DeviceMessages"),
            condition: condition ?? "true",
            readers: readReaders(route),
        },
    ];
}

function readEventHub(route: Section): EventHubSettings {
    const eventHub = route.section("eventHub", "the Event Hub", [
        "id",
        "partitions",
        "retentionDays",
        "consumerGroups",
    ]);
    const own = ["partitions", "retentionDays", "consumerGroups"].find((key) => eventHub.has(key));
    if (eventHub.has("id") && own !== undefined) {
        eventHub.bad(
            own,
            "is only for an Event Hub that the stack creates, and id names an existing one",
            "delete one of the two",
        );
    }
    const id = eventHub.text("id", {
        pattern:
            /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/\s]{1,90}\/providers\/Microsoft\.EventHub\/namespaces\/[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]\/eventhubs\/[A-Za-z0-9._-]{1,256}$/i,
        rule: "must be the resource ID of an Event Hub: /subscriptions/…/resourceGroups/…/providers/Microsoft.EventHub/namespaces/NAMESPACE/eventhubs/NAME",
        remedy: "copy it from: az eventhubs eventhub show --resource-group GROUP --namespace-name NAMESPACE --name NAME --query id",
    });
    if (eventHub.has("id")) {
        return { kind: "named", id: id ?? "" };
    }
    return {
        kind: "own",
        partitions: eventHub.integer("partitions", 1, serviceLimits.partitions, 4),
        retentionDays: eventHub.integer("retentionDays", 1, serviceLimits.retentionDays, 1),
        consumerGroups: eventHub.texts("consumerGroups", {
            pattern: partPattern,
            rule: "must be the name of a consumer group: 1 to 50 letters, digits or . _ -, with a letter or digit at both ends",
            remedy: "rename it; $Default always exists and needs no entry",
        }),
    };
}

/** Object IDs, each with its kind of principal. */
function readReaders(route: Section): RouteReader[] {
    const readers = route.section("readers", "the readers", undefined);
    return readers.keys().flatMap((id) => {
        if (!objectId.test(id)) {
            readers.report.value(
                readers.pathOf(id),
                id,
                "must be the object ID of a principal in Entra",
                "copy it; for an application, from: az ad sp show --id CLIENT-ID --query id",
            );
            return [];
        }
        const kinds = ["ServicePrincipal", "User", "Group"] as const;
        return [{ objectId: id, kind: readers.oneOf(id, kinds, "ServicePrincipal") }];
    });
}
