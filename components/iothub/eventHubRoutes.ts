import * as authorization from "@pulumi/azure-native/authorization";
import * as eventhub from "@pulumi/azure-native/eventhub";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as native from "@pulumi/azure-native/types/input";
import * as pulumi from "@pulumi/pulumi";
import { roleDefinitionId } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { partPattern } from "../inputs/resourceNames";
import { serviceLimits } from "../azure/serviceLimits";
import { uniqueName } from "../azure/uniqueName";
import { own } from "../dynamic/values";
import {
    ArgumentChecks,
    converted,
    matching,
    namePrefix,
    oneOf,
    region,
    someText,
    wholeNumber,
} from "../inputs/componentArgs";

/** Built-in roles (Azure docs: role-based-access-control/built-in-roles/analytics). */
const dataSender = "2b629674-e913-4c01-ae53-ef4638d8f975";
const dataReceiver = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde";

/** Domains of Event Hubs namespaces, by the domain of the same cloud's IoT hubs (Azure docs: national clouds' endpoints). */
const namespaceDomains: Readonly<Record<string, string>> = {
    "azure-devices.net": "servicebus.windows.net",
    "azure-devices.us": "servicebus.usgovcloudapi.net",
    "azure-devices.cn": "servicebus.chinacloudapi.cn",
};

type ReaderKind = "ServicePrincipal" | "User" | "Group";

/** A route to an Event Hub. The endpoint has the same name, and so does an Event Hub that the stack creates. */
export interface EventHubRoute {
    /** 1 to 50 letters, digits or `. _ -`, e.g. `telemetry`. Plain, because it is part of resource names. */
    readonly name: string;
    /** An Event Hub that the stack creates, or an existing one. The kind is plain, because it decides the resources. */
    readonly eventHub:
        | {
              readonly kind: "own";
              /** 1 to 32, e.g. `4`. */
              readonly partitions: pulumi.Input<number>;
              /** Days that events are kept, 1 to 7, e.g. `1`. */
              readonly retentionDays: pulumi.Input<number>;
              /** In addition to `$Default`, e.g. `["analytics"]`. Plain, because each one is a resource. */
              readonly consumerGroups: readonly string[];
          }
        | {
              readonly kind: "named";
              /** ARM resource ID, e.g. `/subscriptions/…/namespaces/plant-1/eventhubs/alarms`. */
              readonly id: pulumi.Input<string>;
          };
    /** Source of the messages, e.g. `DeviceMessages`. */
    readonly source: pulumi.Input<string>;
    /** Condition in the hub's query language; `true` takes every message. */
    readonly condition: pulumi.Input<string>;
    /** Principals that may read the Event Hub; may be empty. Object IDs are plain, because they are part of resource names. */
    readonly readers: readonly {
        /** Object ID in Entra, e.g. `8d3cbf0a-2e0c-4a53-9f0b-5f1f6b1d7d11`. */
        readonly objectId: string;
        /** Kind of principal: `ServicePrincipal`, `User` or `Group`. */
        readonly kind: pulumi.Input<ReaderKind>;
    }[];
}

/** Arguments of {@link EventHubRoutes}. */
export interface EventHubRoutesArgs {
    /** Resource group that holds the identity and the namespace, e.g. `rg-iot-prod`. */
    readonly resourceGroupName: pulumi.Input<string>;
    /** Azure region, e.g. `westeurope`. */
    readonly location: pulumi.Input<string>;
    /** Subscription of the resource group, e.g. `5f1f6b1d-2e0c-4a53-9f0b-8d3cbf0a7d11`. */
    readonly subscriptionId: pulumi.Input<string>;
    /** Domain of the cloud's hubs, e.g. `azure-devices.net`; the domain of Event Hubs follows from it. */
    readonly hubDomain: pulumi.Input<string>;
    /** Prefix of the namespace's name, 1 to 40 characters, e.g. `iot-dev`; `eh-` precedes and six random characters follow. */
    readonly prefix: pulumi.Input<string>;
    /**
     * Whether the namespace exists, and keeps its name whatever the prefix is: another name would replace it, with all events.
     * Default: `false`. Plain, because it decides the resource's options.
     */
    readonly isNamespacePresent?: boolean;
    /** At least one. Plain, because its routes decide the resources. */
    readonly routes: readonly EventHubRoute[];
    /** Seconds to wait for a role assignment to take effect before an endpoint uses it, 0 to 3600, e.g. `120`. */
    readonly waitSeconds: pulumi.Input<number>;
}

/** Where a route's messages are read. */
export interface EventHubAddress {
    /** `<namespace>.servicebus.windows.net` */
    readonly namespaceHostName: pulumi.Output<string>;
    readonly eventHub: pulumi.Input<string>;
}

interface Target extends EventHubAddress {
    readonly subscriptionId: pulumi.Input<string>;
    readonly resourceGroup: pulumi.Input<string>;
    /** ARM resource ID. */
    readonly id: pulumi.Input<string>;
}

/** The arguments of a hub that concern message routing. */
export interface HubRouting {
    readonly identity: native.iothub.ArmIdentityArgs;
    readonly routing: native.iothub.RoutingPropertiesArgs;
}

/**
 * What a hub's routes to Event Hubs need before the hub exists: a user-assigned identity; the stack's own Event Hubs, in a
 * namespace without keys; and the role Azure Event Hubs Data Sender for the identity on each Event Hub.
 *
 * The hub's own identity exists only once the hub does, so its role could be granted only after the hub, and the endpoint
 * created only by a second update. The identity must have the role for some minutes before the endpoint uses it (Azure docs:
 * iot-hub-managed-identity, "Configure message routing with managed identities").
 */
export class EventHubRoutes extends pulumi.ComponentResource {
    /** To be passed to the hub. */
    readonly hub: HubRouting;
    /** By route name. */
    readonly addresses: ReadonlyMap<string, EventHubAddress>;

    private readonly args: EventHubRoutesArgs;
    private readonly child: pulumi.CustomResourceOptions;

    constructor(
        private readonly label: string,
        given: EventHubRoutesArgs,
        options?: pulumi.ComponentResourceOptions,
    ) {
        super("iot-x509:iothub:EventHubRoutes", label, {}, options);
        this.args = checkedArgs(label, given);
        this.child = { parent: this };
        const { resourceGroupName, location, routes } = this.args;
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
        const inEffect = grants.map(({ createdOn }) =>
            pulumi
                .all([createdOn, this.args.waitSeconds])
                .apply(([on, seconds]) => this.wait(on, seconds)),
        );
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
        const { resourceGroupName, location, prefix, isNamespacePresent } = this.args;
        return new eventhub.Namespace(
            `${this.label}-namespace`,
            {
                resourceGroupName,
                location,
                // The name must begin with a letter.
                namespaceName: uniqueName(
                    `${this.label}-namespace`,
                    pulumi.interpolate`eh-${prefix}`,
                    this,
                ),
                sku: { name: "Standard", tier: "Standard", capacity: 1 },
                disableLocalAuth: true,
                minimumTlsVersion: "1.2",
            },
            { ...this.child, ignoreChanges: isNamespacePresent ? ["namespaceName"] : [] },
        );
    }

    private target({ name, eventHub }: EventHubRoute, namespace?: eventhub.Namespace): Target {
        const domain = converted(this.args.hubDomain, (known) => own(namespaceDomains, known));
        if (eventHub.kind === "named") {
            const part = (index: number) => converted(eventHub.id, (id) => id.split("/")[index]);
            return {
                namespaceHostName: pulumi.interpolate`${part(8)}.${domain}`,
                eventHub: converted(eventHub.id, nameIn),
                subscriptionId: part(2),
                resourceGroup: part(4),
                id: eventHub.id,
            };
        }
        // Derived from the ID, which the preview of an update knows.
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
            // The Standard tier cannot change the partition count (Azure docs: event-hubs-scalability, "Partitions").
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
            // Azure allows only one assignment per role, scope and principal.
            { ...this.child, deleteBeforeReplace: true },
        );
    }

    /** @param createdOn creation time of a role assignment, ISO 8601 */
    private async wait(createdOn: string | undefined, waitSeconds: number): Promise<void> {
        const since = createdOn === undefined ? NaN : Date.now() - Date.parse(createdOn);
        const left = waitSeconds * 1000 - since;
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

const routeName = matching(
    partPattern,
    "1 to 50 letters, digits or . _ -, with a letter or digit at both ends",
);
const eventHubId = matching(
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.EventHub\/namespaces\/[^/]+\/eventhubs\/[^/]+$/i,
    "the resource ID of an Event Hub: /subscriptions/…/namespaces/NAMESPACE/eventhubs/NAME",
);
const readerKind = oneOf<ReaderKind>(["ServicePrincipal", "User", "Group"]);

function checkedArgs(name: string, args: EventHubRoutesArgs): EventHubRoutesArgs {
    const checks = new ArgumentChecks(`EventHubRoutes "${name}"`);
    const domains = oneOf(Object.keys(namespaceDomains));
    const checked = {
        ...args,
        resourceGroupName: checks.input("resourceGroupName", args.resourceGroupName, someText),
        location: checks.input("location", args.location, region),
        subscriptionId: checks.input("subscriptionId", args.subscriptionId, someText),
        hubDomain: checks.input("hubDomain", args.hubDomain, domains),
        prefix: checks.input("prefix", args.prefix, namePrefix(40)),
        waitSeconds: checks.input("waitSeconds", args.waitSeconds, wholeNumber(0, 3600, "seconds")),
        routes: args.routes.map((route, index) => checkedRoute(checks, route, `routes[${index}]`)),
    };
    checks.that("routes", args.routes.length > 0, "must have at least one route");
    checks.done();
    return checked;
}

function checkedRoute(checks: ArgumentChecks, route: EventHubRoute, path: string): EventHubRoute {
    const { eventHub, readers } = route;
    checks.plain(`${path}.name`, route.name, routeName);
    const at = `${path}.eventHub`;
    if (eventHub.kind === "own") {
        eventHub.consumerGroups.forEach((group, index) =>
            checks.plain(`${at}.consumerGroups[${index}]`, group, routeName),
        );
    }
    return {
        ...route,
        source: checks.input(`${path}.source`, route.source, someText),
        condition: checks.input(`${path}.condition`, route.condition, someText),
        eventHub:
            eventHub.kind === "named"
                ? { ...eventHub, id: checks.input(`${at}.id`, eventHub.id, eventHubId) }
                : {
                      ...eventHub,
                      partitions: checks.input(
                          `${at}.partitions`,
                          eventHub.partitions,
                          wholeNumber(1, serviceLimits.partitions),
                      ),
                      retentionDays: checks.input(
                          `${at}.retentionDays`,
                          eventHub.retentionDays,
                          wholeNumber(1, serviceLimits.retentionDays, "days"),
                      ),
                  },
        readers: readers.map(({ objectId, kind }, index) => {
            checks.plain(`${path}.readers[${index}].objectId`, objectId, someText);
            return {
                objectId,
                kind: checks.input(`${path}.readers[${index}].kind`, kind, readerKind),
            };
        }),
    };
}

/** Includes the fallback route that every hub starts with: messages that no route takes go to the built-in endpoint. */
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
