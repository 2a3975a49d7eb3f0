import { clouds } from "../core/clouds";
import { builtInHostName } from "../hub/builtInEndpoint";
import { hostNameFor } from "../hub/hostNames";
import { Hub } from "../hub/model";
import { eventsOf } from "./hubRules";
import { regions } from "./locations";
import { masked } from "./maskedKeys";
import { hubType } from "./resourceGroups";
import { findSku } from "../hub/skus";

const emptyRouting = {
    endpoints: { serviceBusQueues: [], serviceBusTopics: [], eventHubs: [], storageContainers: [] },
    routes: [],
    fallbackRoute: {
        name: "$fallback",
        source: "DeviceMessages",
        condition: "true",
        endpointNames: ["events"],
        isEnabled: true,
    },
};

/**
 * A hub as Azure shows it, without its keys. What only an active hub has (host name, endpoints) is omitted until then.
 * As recorded in azure-cli's `test_certificate_lifecycle.yaml`.
 *
 * @param isBusy whether an operation on the hub is in progress
 */
export function hubView(hub: Hub, isBusy: boolean): object {
    const isActive = hub.state === "Active";
    const properties = masked(hub.properties);
    return {
        id: hub.id,
        name: hub.name,
        type: hubType,
        location: hub.location,
        tags: hub.tags,
        subscriptionid: hub.subscriptionId,
        resourcegroup: hub.resourceGroup,
        ...(isActive ? { etag: hub.etag } : {}),
        properties: {
            ...(isActive ? { locations: locationsOf(hub) } : {}),
            state: hub.state,
            provisioningState:
                hub.state === "Deleting" ? "Deleting" : isBusy ? "Accepted" : "Succeeded",
            ...(isActive ? { ipFilterRules: [], ...hostNames(hub) } : {}),
            ...properties,
            eventHubEndpoints: { events: eventsView(hub) },
            ...(isActive
                ? { routing: { ...emptyRouting, ...(properties.routing as object | undefined) } }
                : {}),
        },
        sku: { ...hub.sku, tier: findSku(hub.sku.name)?.tier },
        identity: hub.identity ?? { type: "None" },
        systemData: { createdAt: hub.createdAt },
    };
}

/** Azure returns the host names of the second gateway version from api-version 2026-03-01-preview on. */
function hostNames(hub: Hub): object {
    const { hostName } = hub;
    return hub.gatewayV2 === true
        ? {
              hostName,
              deviceHostName: hostNameFor(hub, "device"),
              serviceHostName: hostNameFor(hub, "service"),
              iotHubDetails: { gatewayVersion: "V2" },
          }
        : { hostName };
}

function locationsOf(hub: Hub): object[] {
    const cloud = clouds.find(({ name }) => name === hub.cloud) ?? clouds[0];
    const region = regions(cloud).find(({ name }) => name === hub.location);
    return region === undefined
        ? []
        : [
              { location: region.displayName, role: "primary" },
              { location: region.pair, role: "secondary" },
          ];
}

function eventsView(hub: Hub): object {
    const events = eventsOf(hub.properties);
    if (hub.state !== "Active") {
        return events;
    }
    return {
        ...events,
        partitionIds: Array.from({ length: events.partitionCount ?? 0 }, (_, index) => `${index}`),
        path: hub.name.toLowerCase(),
        endpoint: `sb://${builtInHostName(hub)}/`,
    };
}
