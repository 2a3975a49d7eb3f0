import { Hub, HubProperties } from "../hub/model";

/**
 * The route that Event Grid adds to a hub when somebody subscribes to its telemetry (Azure docs: iot-hub-event-grid).
 */
export const eventGridRoute = {
    name: "RouteToEventGrid",
    source: "DeviceMessages",
    condition: "true",
    endpointNames: ["eventgrid"],
    isEnabled: true,
};

export interface Route {
    readonly name?: string;
    readonly [name: string]: unknown;
}

export interface Routing {
    readonly routes?: readonly Route[] | null;
    readonly [name: string]: unknown;
}

export function routesOf({ routing }: HubProperties): readonly Route[] {
    return (routing as Routing | null | undefined)?.routes ?? [];
}

export function isDefault({ name }: Route): boolean {
    return name?.toLowerCase() === eventGridRoute.name.toLowerCase();
}

function hasDefault(properties: HubProperties): boolean {
    return routesOf(properties).some(isDefault);
}

/** Returns undefined when a PUT leaves the default routes alone (hashicorp/terraform-provider-azurerm#11800). */
export function defaultRoutesProblem(wanted: HubProperties, existing: Hub): string | undefined {
    return hasDefault(wanted) === hasDefault(existing.properties)
        ? undefined
        : `Cannot add or remove default routes, default route names are :${eventGridRoute.name}.`;
}
