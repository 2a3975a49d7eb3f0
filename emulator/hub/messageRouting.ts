import { Access } from "../roles/access";
import { Log } from "../core/log";
import { Directory } from "../entra/directory";
import { ManagedIdentities } from "../entra/managedIdentities";
import { EventLog, NewEvent } from "../eventHubs/eventLog";
import { EventHub, Namespaces } from "../eventHubs/namespaces";
import { Hub, Telemetry } from "./model";
import { routeCondition } from "./routeCondition";

/** An Event Hub endpoint as in ARM (azure-rest-api-specs iothub.json, RoutingEventHubProperties). */
export interface EventHubEndpoint {
    readonly name: string;
    /** GUID, assigned by the service. */
    readonly id?: string;
    readonly authenticationType?: string;
    /** `sb://<namespace>.servicebus.windows.net` */
    readonly endpointUri?: string;
    readonly entityPath?: string;
    readonly identity?: { readonly userAssignedIdentity?: string };
}

export interface Route {
    readonly name: string;
    readonly source: string;
    readonly condition?: string;
    readonly endpointNames: readonly string[];
    readonly isEnabled: boolean;
}

export interface Routing {
    readonly endpoints?: { readonly eventHubs?: readonly EventHubEndpoint[] };
    readonly routes?: readonly Route[];
    readonly fallbackRoute?: Omit<Route, "name">;
}

/** Why nothing can be sent to an endpoint at present; undefined when messages can be sent. */
export type EndpointProblem = string | undefined;

interface Context {
    readonly log: Log;
    readonly directory: Directory;
    readonly access: Access;
    readonly eventHubs: Namespaces;
    readonly identities: ManagedIdentities;
}

export const builtInEndpoint = "events";
const deviceMessages = "DeviceMessages";

/** The settings of a hub's message routing; nulls count as absent. */
function routingOf(hub: Hub): Routing {
    return (hub.properties.routing ?? {}) as Routing;
}

/**
 * Delivers the messages of devices to the endpoints of their hub: once to each endpoint with a matching route, and to
 * the built-in endpoint when no route matches and the fallback route is enabled (Azure docs:
 * iot-hub-devguide-messages-d2c).
 */
export class MessageRouting {
    private readonly builtIns = new WeakMap<Hub, EventLog>();
    /** Result of the last message sent to each endpoint, by name: undefined, or why it failed. */
    private readonly outcomes = new WeakMap<Hub, Map<string, EndpointProblem>>();

    constructor(private readonly context: Context) {}

    /** The events that a hub keeps for readers of its built-in endpoint. */
    builtIn(hub: Hub): EventLog {
        const { events } = (hub.properties.eventHubEndpoints ?? {}) as {
            events?: { partitionCount?: number };
        };
        const log = this.builtIns.get(hub) ?? new EventLog(events?.partitionCount ?? 4);
        this.builtIns.set(hub, log);
        return log;
    }

    route(hub: Hub, message: Telemetry, body: Buffer): void {
        const event: NewEvent = {
            body,
            properties: message.properties,
            systemProperties: message.systemProperties,
            partitionKey: message.deviceId,
            enqueued: Date.parse(message.enqueuedTime),
        };
        for (const name of this.endpointsFor(hub, message)) {
            if (name === builtInEndpoint) {
                this.builtIn(hub).append(event);
            } else {
                this.send(hub, name, event);
            }
        }
    }

    /** The problem of an endpoint, judging by its last message; undefined when there is none. */
    lastProblem(hub: Hub, endpoint: string): EndpointProblem {
        return this.outcomes.get(hub)?.get(endpoint);
    }

    /** Whether any message has been sent to an endpoint. */
    hasTried(hub: Hub, endpoint: string): boolean {
        return this.outcomes.get(hub)?.has(endpoint) === true;
    }

    /** The Event Hub of an endpoint, or why it accepts nothing from this hub. */
    target(hub: Hub, endpoint: EventHubEndpoint): EventHub | string {
        const { endpointUri, entityPath, authenticationType } = endpoint;
        const identityId = endpoint.identity?.userAssignedIdentity;
        if (authenticationType !== "identityBased" || identityId === undefined) {
            return "The local emulator sends only to endpoints with a user-assigned identity.";
        }
        const host = /^sb:\/\/([^/:]+)/i.exec(endpointUri ?? "")?.[1] ?? "";
        const eventHub = this.context.eventHubs
            .byHostName(host)
            ?.eventHubs.get((entityPath ?? "").toLowerCase());
        if (eventHub === undefined) {
            return `There is no Event Hub ${endpointUri}/${entityPath}.`;
        }
        const identity = this.context.identities.get(identityId);
        if (
            identity === undefined ||
            !identitiesOf(hub.identity).includes(identityId.toLowerCase())
        ) {
            return `The managed identity ${identityId} is not assigned to the hub.`;
        }
        const { principalId, clientId } = identity;
        const principal = {
            tenantId: this.context.directory.tenantId,
            objectId: principalId,
            appId: clientId,
        };
        const action = "Microsoft.EventHub/namespaces/messages/send/action";
        return this.context.access.isDataAllowed(principal, action, eventHub.id)
            ? eventHub
            : `The managed identity ${identityId} may not send to ${eventHub.id}.`;
    }

    private endpointsFor(hub: Hub, message: Telemetry): ReadonlySet<string> {
        const { routes = [], fallbackRoute } = routingOf(hub);
        const matching = routes.filter(
            ({ isEnabled, source, condition }) =>
                isEnabled &&
                source === deviceMessages &&
                routeCondition(condition ?? "true")?.(message) === true,
        );
        if (matching.length > 0) {
            return new Set(matching.flatMap(({ endpointNames }) => endpointNames));
        }
        return new Set(
            fallbackRoute?.isEnabled === false
                ? []
                : (fallbackRoute?.endpointNames ?? [builtInEndpoint]),
        );
    }

    private send(hub: Hub, name: string, event: NewEvent): void {
        const endpoint = routingOf(hub).endpoints?.eventHubs?.find((one) => one.name === name);
        const target =
            endpoint === undefined
                ? "The local emulator sends only to endpoints of kind Event Hub."
                : this.target(hub, endpoint);
        const known = this.outcomes.get(hub) ?? new Map<string, EndpointProblem>();
        this.outcomes.set(hub, known);
        if (typeof target === "string") {
            this.context.log.warn(`hub ${hub.name}: endpoint ${name} gets no message: ${target}`);
            known.set(name, target);
            return;
        }
        known.set(name, undefined);
        target.log.append(event);
    }
}

/** Lower-case IDs of the user-assigned identities in an ARM `identity`. */
export function identitiesOf(identity: unknown): string[] {
    const { userAssignedIdentities } = (identity ?? {}) as { userAssignedIdentities?: object };
    return Object.keys(userAssignedIdentities ?? {}).map((id) => id.toLowerCase());
}
