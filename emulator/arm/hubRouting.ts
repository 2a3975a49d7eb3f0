import { randomUUID } from "crypto";
import { EmulatorContext } from "../context";
import { HttpFailure, HttpReply, notEmulated } from "../core/http";
import { Hub, HubProperties } from "../hub/model";
import { builtInEndpoint, EventHubEndpoint, identitiesOf, Routing } from "../hub/messageRouting";
import { routeCondition } from "../hub/routeCondition";
import { isDefault } from "./defaultRoutes";
import { armFailure } from "./errors";
import { ArmRequest, authorize } from "./routes";

/** Reserved endpoint names (Terraform docs: azurerm_iothub, "endpoint"). */
const reserved = ["events", "operationsMonitoringEvents", "fileNotifications", "$default"];

/** The most endpoints and routes of a paid and of a free hub (Azure docs: iot-hub-devguide-quotas-throttling). */
const most = { paid: { endpoints: 10, routes: 100 }, free: { endpoints: 1, routes: 5 } };

interface IdentityBody {
    readonly type?: string;
    readonly userAssignedIdentities?: Readonly<Record<string, unknown>>;
}

/**
 * The identity of a hub after a PUT, with the IDs of its user-assigned identities.
 *
 * @throws HttpFailure 400 when an identity does not exist; 403 when the caller may not assign it (Azure docs: "Managed
 *     identity operator")
 */
export function hubIdentity(context: EmulatorContext, request: ArmRequest, body: unknown): unknown {
    const { type, userAssignedIdentities = {} } = (body ?? {}) as IdentityBody;
    const ids = Object.keys(userAssignedIdentities);
    if (!/UserAssigned/i.test(type ?? "") || ids.length === 0) {
        return body;
    }
    const known = ids.map((id) => {
        const identity = context.identities.get(id);
        if (identity === undefined) {
            throw armFailure(
                400,
                "FailedIdentityOperation",
                `Identity operation failed: the identity '${id}' was not found.`,
            );
        }
        const action = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
        authorize(context.access, request, action, identity.id);
        const { principalId, clientId } = identity;
        return [id, { principalId, clientId }] as const;
    });
    return { type, userAssignedIdentities: Object.fromEntries(known) };
}

/** Returns what is wrong with the routing in a PUT, or undefined. */
export function routingProblem(
    context: EmulatorContext,
    wanted: HubProperties,
    sku: string,
    hub: Pick<Hub, "identity">,
): string | undefined {
    const { endpoints = {}, routes = [], fallbackRoute } = (wanted.routing ?? {}) as Routing;
    const all = Object.values(endpoints ?? {}).flatMap(
        (kind) => (kind ?? []) as EventHubEndpoint[],
    );
    const limit = sku === "F1" ? most.free : most.paid;
    if (all.length > limit.endpoints || (routes ?? []).length > limit.routes) {
        return `A hub of sku ${sku} has at most ${limit.endpoints} endpoints and ${limit.routes} routes.`;
    }
    const names = all.map(({ name }) => name);
    const bad = names.find((name, at) => reserved.includes(name) || names.indexOf(name) !== at);
    if (bad !== undefined) {
        return `The endpoint name '${bad}' is reserved or used twice.`;
    }
    const known = [...names, builtInEndpoint];
    const own = (routes ?? []).filter((route) => !isDefault({ ...route }));
    const missing = [...own, ...(fallbackRoute ? [fallbackRoute] : [])]
        .flatMap(({ endpointNames }) => endpointNames)
        .find((name) => !known.includes(name));
    if (missing !== undefined) {
        return `A route names the endpoint '${missing}', which does not exist.`;
    }
    for (const endpoint of endpoints?.eventHubs ?? []) {
        const problem = endpointProblem(context, endpoint, hub);
        if (problem !== undefined) {
            return problem;
        }
    }
    return undefined;
}

function endpointProblem(
    context: EmulatorContext,
    endpoint: EventHubEndpoint,
    hub: Pick<Hub, "identity">,
): string | undefined {
    const { name, authenticationType, endpointUri, entityPath } = endpoint;
    const identity = endpoint.identity?.userAssignedIdentity;
    if (authenticationType !== "identityBased" || identity === undefined) {
        return undefined;
    }
    if (!endpointUri || !entityPath) {
        return `The endpoint '${name}' is identityBased and needs endpointUri and entityPath.`;
    }
    if (!identitiesOf(hub.identity).includes(identity.toLowerCase())) {
        return `The endpoint '${name}' uses the managed identity '${identity}', which is not assigned to the IotHub.`;
    }
    if (!context.settings.checkEndpointRole) {
        return undefined;
    }
    const target = context.routing.target(hub as Hub, endpoint);
    return typeof target === "string"
        ? `The endpoint '${name}' cannot be used: ${target}`
        : undefined;
}

/**
 * Rejects routes that Azure accepts but the emulator does not evaluate.
 *
 * @throws HttpFailure 501
 */
export function requireEmulatedRoutes({ routing }: HubProperties): void {
    for (const { name, source, condition } of ((routing ?? {}) as Routing).routes ?? []) {
        const isKnown = routeCondition(condition ?? "true") !== undefined;
        if (source !== "DeviceMessages" || !isKnown) {
            const what = isKnown ? `source ${source}` : `condition ${condition}`;
            throw new HttpFailure(notEmulated(`the ${what} of route '${name}'`));
        }
    }
}

/** Gives each Event Hub endpoint in the properties an ID: the one it had, or a new one. */
export function withEndpointIds(
    properties: HubProperties,
    existing: HubProperties | undefined,
): HubProperties {
    const { endpoints, ...routing } = (properties.routing ?? {}) as Routing;
    if (!endpoints?.eventHubs) {
        return properties;
    }
    const before = ((existing?.routing ?? {}) as Routing).endpoints?.eventHubs ?? [];
    const eventHubs = endpoints.eventHubs.map((one) => ({
        ...one,
        id: before.find(({ name }) => name === one.name)?.id ?? randomUUID(),
    }));
    return { ...properties, routing: { ...routing, endpoints: { ...endpoints, eventHubs } } };
}

/** The health of a hub's custom Event Hub endpoints (arm-iothub `getEndpointHealth`). */
export function endpointHealth(context: EmulatorContext, hub: Hub): HttpReply {
    const { endpoints } = (hub.properties.routing ?? {}) as Routing;
    const value = (endpoints?.eventHubs ?? []).map(({ id, name }) => {
        const problem = context.routing.lastProblem(hub, name);
        const hasTried = context.routing.hasTried(hub, name);
        return {
            endpointId: id,
            healthStatus: !hasTried ? "unknown" : problem === undefined ? "healthy" : "unhealthy",
            ...(problem === undefined ? {} : { lastKnownError: problem }),
        };
    });
    return { status: 200, body: { value } };
}
