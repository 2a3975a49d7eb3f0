import { Access } from "../roles/access";
import { Log } from "../core/log";
import { Directory } from "../entra/directory";
import { ManagedIdentities } from "../entra/managedIdentities";
import { EventLog, NewEvent } from "../eventHubs/eventLog";
import { EventHub, Namespaces } from "../eventHubs/namespaces";
import { Hub, Telemetry } from "./model";
import { routeCondition } from "./routeCondition";

/** An endpoint of kind Event Hub, as ARM has it (azure-rest-api-specs iothub.json, RoutingEventHubProperties). */
export interface EventHubEndpoint {
    readonly name: string;
    /** GUID, given by the service. */
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

/** Why nothing can be sent to an endpoint now; undefined when it can. */
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
 * Takes the messages of devices to the endpoints of their hub: to each whose route matches, once, and to the built-in
 * one when no route does and the fallback route is enabled (Azure docs: iot-hub-devguide-messages-d2c).
 */
export class MessageRouting {
    private readonly builtIns = new WeakMap<Hub, EventLog>();
    /** Names of the endpoints that took the last message sent to them, or why they did not. */
    private readonly outcomes = new WeakMap<Hub, Map<string, EndpointProblem>>();

    constructor(private readonly context: Context) {}

    /** What a hub keeps for readers of its built-in endpoint. */
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

    /** What is wrong with an endpoint, as far as its last message tells; undefined when nothing is. */
    lastProblem(hub: Hub, endpoint: string): EndpointProblem {
        return this.outcomes.get(hub)?.get(endpoint);
    }

    /** Whether any message was sent to an endpoint. */
    hasTried(hub: Hub, endpoint: string): boolean {
        return this.outcomes.get(hub)?.has(endpoint) === true;
    }

    /** Why an endpoint's Event Hub takes nothing from this hub; the Event Hub when it does. */
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

/** IDs, in lower case, of the user-assigned identities in an `identity` of ARM. */
export function identitiesOf(identity: unknown): string[] {
    const { userAssignedIdentities } = (identity ?? {}) as { userAssignedIdentities?: object };
    return Object.keys(userAssignedIdentities ?? {}).map((id) => id.toLowerCase());
}
