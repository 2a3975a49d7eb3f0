import * as authorization from "@pulumi/azure-native/authorization";
import * as eventhub from "@pulumi/azure-native/eventhub";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as native from "@pulumi/azure-native/types/input";
import * as pulumi from "@pulumi/pulumi";
import { roleDefinitionId } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { uniqueName } from "../azure/uniqueName";

/** Built-in roles (Azure docs: role-based-access-control/built-in-roles/analytics). */
const dataSender = "2b629674-e913-4c01-ae53-ef4638d8f975";
const dataReceiver = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde";

/** Of namespaces' host names, by that of hubs' (Azure docs: national clouds' endpoints). */
const namespaceDomains: Readonly<Record<string, string>> = {
    "azure-devices.net": "servicebus.windows.net",
    "azure-devices.us": "servicebus.usgovcloudapi.net",
    "azure-devices.cn": "servicebus.chinacloudapi.cn",
};

/** A route to an Event Hub; the endpoint, and an Event Hub of the stack's own, have its name. */
export interface EventHubRoute {
    readonly name: string;
    readonly eventHub:
        | {
              readonly kind: "own";
              readonly partitions: number;
              readonly retentionDays: number;
              /** Beside `$Default`. */
              readonly consumerGroups: readonly string[];
          }
        | { readonly kind: "named"; readonly id: string };
    readonly source: string;
    readonly condition: string;
    /** Who may read the Event Hub. */
    readonly readers: readonly {
        readonly objectId: string;
        readonly kind: "ServicePrincipal" | "User" | "Group";
    }[];
}

/** Arguments of {@link EventHubRoutes}. */
export interface EventHubRoutesArgs {
    readonly resourceGroupName: pulumi.Input<string>;
    readonly location: string;
    readonly subscriptionId: string;
    /** Of hubs' host names in the cloud, e.g. `azure-devices.net`. */
    readonly hubDomain: string;
    /** Of the namespace's name; six random characters follow. */
    readonly prefix: string;
    readonly routes: readonly EventHubRoute[];
    /** How long a role assignment is given to take effect before an endpoint uses it. */
    readonly waitSeconds: number;
}

/** Where a route's messages are read. */
export interface EventHubAddress {
    /** `<namespace>.servicebus.windows.net` */
    readonly namespaceHostName: pulumi.Output<string>;
    readonly eventHub: string;
}

interface Target extends EventHubAddress {
    readonly subscriptionId: string;
    readonly resourceGroup: pulumi.Input<string>;
    /** ARM resource ID. */
    readonly id: pulumi.Input<string>;
}

/** The part of a hub's arguments that its message routing takes. */
export interface HubRouting {
    readonly identity: native.iothub.ArmIdentityArgs;
    readonly routing: native.iothub.RoutingPropertiesArgs;
}

/**
 * What a hub's routes to Event Hubs need before the hub: a user-assigned identity, the Event Hubs of the stack's own in a
 * namespace without keys, and the identity's role Azure Event Hubs Data Sender on each.
 *
 * The hub's own identity would exist only with the hub, so its role could be given only after the hub and the endpoint be
 * made only by a second update; the identity must have the role, for some minutes, before the endpoint uses it (Azure docs:
 * iot-hub-managed-identity, "Configure message routing with managed identities").
 */
export class EventHubRoutes extends pulumi.ComponentResource {
    /** To be set on the hub. */
    readonly hub: HubRouting;
    /** By the route's name. */
    readonly addresses: ReadonlyMap<string, EventHubAddress>;

    private readonly child: pulumi.CustomResourceOptions;

    constructor(
        private readonly label: string,
        private readonly args: EventHubRoutesArgs,
        options?: pulumi.ComponentResourceOptions,
    ) {
        super("iot-x509:iothub:EventHubRoutes", label, {}, options);
        this.child = { parent: this };
        const { resourceGroupName, location, routes } = args;
        const identity = new managedidentity.UserAssignedIdentity(
            `${label}-identity`,
            { resourceGroupName, location },
            this.child,
        );
        const namespace = routes.some(({ eventHub }) => eventHub.kind === "own")
            ? this.namespace()
            : undefined;
        const targets = routes.map((route) => this.target(route, namespace));
        const grants = routes.map(({ name, readers }, index) => {
            readers.forEach(({ objectId, kind }) =>
                this.assign(`${name}-reader-${objectId}`, targets[index], dataReceiver, {
                    principalId: objectId,
                    principalType: kind,
                }),
            );
            return this.assign(`${name}-sender`, targets[index], dataSender, {
                principalId: identity.principalId,
                principalType: "ServicePrincipal",
            });
        });
        const inEffect = grants.map(({ createdOn }) => createdOn.apply((on) => this.wait(on)));
        const identityId = pulumi.all([identity.id, pulumi.all(inEffect)]).apply(([id]) => id);
        this.hub = {
            identity: { type: "UserAssigned", userAssignedIdentities: [identityId] },
            routing: routing(routes, targets, identityId),
        };
        this.addresses = new Map(
            targets.map(({ namespaceHostName, eventHub }, index) => [
                routes[index].name,
                { namespaceHostName, eventHub },
            ]),
        );
        this.registerOutputs({});
    }

    /** Without shared access keys. */
    private namespace(): eventhub.Namespace {
        const { resourceGroupName, location, prefix } = this.args;
        return new eventhub.Namespace(
            `${this.label}-namespace`,
            {
                resourceGroupName,
                location,
                // It begins with a letter.
                namespaceName: uniqueName(`${this.label}-namespace`, `eh-${prefix}`, this),
                sku: { name: "Standard", tier: "Standard", capacity: 1 },
                disableLocalAuth: true,
                minimumTlsVersion: "1.2",
            },
            this.child,
        );
    }

    private target({ name, eventHub }: EventHubRoute, namespace?: eventhub.Namespace): Target {
        const domain = namespaceDomains[this.args.hubDomain];
        if (eventHub.kind === "named") {
            const [, , subscriptionId, , resourceGroup, , , , namespaceName] =
                eventHub.id.split("/");
            return {
                namespaceHostName: pulumi.output(`${namespaceName}.${domain}`),
                eventHub: nameIn(eventHub.id),
                subscriptionId,
                resourceGroup,
                id: eventHub.id,
            };
        }
        // From the ID, which is known in the preview of an update.
        const namespaceName = pulumi.output(namespace?.id).apply((id) => nameIn(id ?? ""));
        const { resourceGroupName, subscriptionId } = this.args;
        const made = new eventhub.EventHub(
            `${this.label}-${name}`,
            {
                resourceGroupName,
                namespaceName,
                eventHubName: name,
                partitionCount: eventHub.partitions,
                messageRetentionInDays: eventHub.retentionDays,
            },
            // The tier Standard cannot change the number (Azure docs: event-hubs-scalability, "Partitions").
            { ...this.child, replaceOnChanges: ["partitionCount"], deleteBeforeReplace: true },
        );
        for (const group of eventHub.consumerGroups) {
            new eventhub.ConsumerGroup(
                `${this.label}-${name}-${group}`,
                {
                    resourceGroupName,
                    namespaceName,
                    eventHubName: made.id.apply(nameIn),
                    consumerGroupName: group,
                },
                { ...this.child, deleteBeforeReplace: true },
            );
        }
        return {
            namespaceHostName: pulumi.interpolate`${namespaceName}.${domain}`,
            eventHub: name,
            subscriptionId,
            resourceGroup: resourceGroupName,
            id: made.id,
        };
    }

    private assign(
        name: string,
        { id, subscriptionId }: Target,
        role: string,
        principal: Pick<authorization.RoleAssignmentArgs, "principalId" | "principalType">,
    ): authorization.RoleAssignment {
        return new authorization.RoleAssignment(
            `${this.label}-${name}`,
            { scope: id, roleDefinitionId: roleDefinitionId(subscriptionId, role), ...principal },
            // Azure takes one assignment of a role, scope and principal.
            { ...this.child, deleteBeforeReplace: true },
        );
    }

    /** @param createdOn of a role assignment, ISO time */
    private async wait(createdOn: string | undefined): Promise<void> {
        const since = createdOn === undefined ? NaN : Date.now() - Date.parse(createdOn);
        const left = this.args.waitSeconds * 1000 - since;
        if (pulumi.runtime.isDryRun() || !(left > 0)) {
            return;
        }
        const seconds = Math.ceil(left / 1000);
        void pulumi.log.info(
            `waiting ${seconds} s for the role of the routes' identity to take effect`,
            this,
        );
        await new Promise((resolve) => setTimeout(resolve, left));
    }
}

/** With the fallback route that a hub has from the start: what no route takes stays in the built-in endpoint. */
function routing(
    routes: readonly EventHubRoute[],
    targets: readonly Target[],
    identityId: pulumi.Input<string>,
): native.iothub.RoutingPropertiesArgs {
    return {
        endpoints: {
            eventHubs: targets.map((target, index) => ({
                name: routes[index].name,
                authenticationType: "identityBased",
                endpointUri: pulumi.interpolate`sb://${target.namespaceHostName}`,
                entityPath: target.eventHub,
                identity: { userAssignedIdentity: identityId },
                subscriptionId: target.subscriptionId,
                resourceGroup: target.resourceGroup,
            })),
        },
        routes: routes.map(({ name, source, condition }) => ({
            name,
            source,
            condition,
            endpointNames: [name],
            isEnabled: true,
        })),
        fallbackRoute: {
            name: "$fallback",
            source: "DeviceMessages",
            condition: "true",
            endpointNames: ["events"],
            isEnabled: true,
        },
    };
}
