import { isSameResourceName } from "../azure/sameName";
import type * as native from "@pulumi/azure-native/types/input";
import * as pulumi from "@pulumi/pulumi";
import { nameIn } from "../azure/resourceId";
import { HubRouting } from "./eventHubRoutes";
import { isAsDeclared, partsOf } from "./hubParts";

/** The message routing of a hub and the identities that it sends with, as a stack declares them. */
export interface OwnRouting {
    /** Parts that are undefined are not declared in this run. */
    readonly declared: Partial<HubRouting>;
    /** Names of the routes and endpoints that the stack declares in this run or declared in the last one. */
    readonly names: readonly string[];
    /** Names of the identities that the last run gave the hub: the state does not show their IDs. */
    readonly formerIdentities: readonly string[];
    /** The declared values; undefined in a preview that does not know them. */
    readonly known: KnownRouting | undefined;
}

/** The parts of {@link HubRouting} that are compared. */
interface KnownRouting {
    readonly identity?: { readonly userAssignedIdentities?: readonly string[] };
    readonly routing?: {
        readonly endpoints: { readonly eventHubs: readonly Named[] };
        readonly routes: readonly Named[];
    };
}

interface Named {
    readonly name: string;
}

interface Routing {
    readonly endpoints?: { readonly eventHubs?: readonly Named[] };
    readonly routes?: readonly Named[];
}

interface Identity {
    readonly type?: string;
    readonly userAssignedIdentities?: readonly string[];
}

/** The routing and the identities of a hub: what others have configured, unchanged, and what the stack declares. */
export function withOthers(
    own: OwnRouting,
    present: { readonly identity?: unknown; readonly routing?: unknown },
): Partial<HubRouting> {
    const routing = (present.routing ?? {}) as Routing;
    const identity = (present.identity ?? {}) as Identity;
    const isOthers = ({ name }: Named): boolean => !isOne(own.names, name);
    const endpoints = own.declared.routing?.endpoints as native.iothub.RoutingEndpointsArgs;
    const kept = (identity.userAssignedIdentities ?? []).filter(
        (id) => !isOne(own.formerIdentities, nameIn(id)),
    );
    const added = (own.declared.identity?.userAssignedIdentities ?? []) as pulumi.Input<string>[];
    const ids = [...kept, ...added];
    const kinds = [
        ...(/SystemAssigned/.test(identity.type ?? "") ? ["SystemAssigned"] : []),
        ...(ids.length > 0 ? ["UserAssigned"] : []),
    ];
    return {
        identity: {
            type: (kinds.join(", ") || "None") as native.iothub.ArmIdentityArgs["type"],
            ...(ids.length > 0 && { userAssignedIdentities: ids }),
        },
        routing: {
            ...routing,
            ...own.declared.routing,
            endpoints: {
                ...routing.endpoints,
                eventHubs: [
                    ...(routing.endpoints?.eventHubs ?? []).filter(isOthers),
                    ...((endpoints?.eventHubs ??
                        []) as native.iothub.RoutingEventHubPropertiesArgs[]),
                ],
            },
            routes: [
                ...(routing.routes ?? []).filter(isOthers),
                ...((own.declared.routing?.routes ?? []) as native.iothub.RoutePropertiesArgs[]),
            ],
        } as native.iothub.RoutingPropertiesArgs,
    };
}

/**
 * Whether the last run left the stack's own routes and identities on the hub as declared.
 *
 * @param recorded the hub, with `identity` and `properties`
 */
export function isRouted(
    { names, formerIdentities, known }: OwnRouting,
    recorded: object,
): boolean {
    if (known === undefined) {
        return false;
    }
    const { identity = {}, properties } = partsOf(recorded);
    const routing = (properties.routing ?? {}) as Routing;
    const wanted = known.routing ?? { endpoints: { eventHubs: [] }, routes: [] };
    const isOwn = ({ name }: Named): boolean => isOne(names, name);
    const areSame = (there: readonly Named[] = [], declared: readonly Named[]): boolean =>
        there.filter(isOwn).length === declared.length &&
        isAsDeclared({ items: there }, { items: declared });
    const ids = (identity as Identity).userAssignedIdentities ?? [];
    const wantedIds = known.identity?.userAssignedIdentities ?? [];
    return (
        areSame(routing.endpoints?.eventHubs, wanted.endpoints.eventHubs) &&
        areSame(routing.routes, wanted.routes) &&
        wantedIds.every((id) => isOne(ids, id)) &&
        formerIdentities.every(
            (name) => isOne(wantedIds.map(nameIn), name) || !isOne(ids.map(nameIn), name),
        )
    );
}

function isOne(all: readonly string[], one: string): boolean {
    return all.some((other) => isSameResourceName(other, one));
}
