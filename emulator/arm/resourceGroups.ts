import { EmulatorContext } from "../context";
import { Cloud } from "../core/clouds";
import { HttpReply, jsonBody } from "../core/http";
import { armFailure, groupNotFound, malformedContent } from "./errors";
import { removeService } from "./dpsRemoval";
import { locationName, regionOf } from "./locations";
import { locationHeaders } from "./operations";
import { ArmRequest, ArmRoutes, isAddressed, isOfSubscription } from "./routes";
import { ArmStore, ResourceGroup } from "./store";

const type = "Microsoft.Resources/resourceGroups";
const actions = "Microsoft.Resources/subscriptions/resourceGroups";

/** What every resource in a resource group has. */
interface GroupMember {
    readonly id: string;
    readonly name: string;
    readonly resourceGroup: string;
    readonly location: string;
    readonly cloud: Cloud["name"];
    readonly sku?: unknown;
    readonly tags: Readonly<Record<string, string>>;
}

/** Resource groups and their contents (azure-rest-api-specs resources.json 2021-04-01). */
export class ResourceGroupApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        const groups = "/subscriptions/:subscriptionId/resourceGroups";
        routes
            .on("GET", groups, `${actions}/read`, (request) => this.list(request))
            .on("HEAD", `${groups}/:group`, `${actions}/read`, (_request, { group }) => ({
                status: this.store.group(group) === undefined ? 404 : 204,
            }))
            .on("GET", `${groups}/:group`, `${actions}/read`, (_request, { group }) => ({
                status: 200,
                body: this.view(existingGroup(this.store, group)),
            }))
            .on("PUT", `${groups}/:group`, `${actions}/write`, (request, { group }) =>
                this.put(request, group),
            )
            .on("PATCH", `${groups}/:group`, `${actions}/write`, (request, { group }) =>
                this.patch(request, group),
            )
            .on("DELETE", `${groups}/:group`, `${actions}/delete`, (request, { group }) =>
                this.delete(request, group),
            )
            .on("GET", `${groups}/:group/resources`, `${actions}/read`, (request, { group }) => {
                const { name } = existingGroup(this.store, group);
                return this.resources(request, (one) => sameName(one.resourceGroup, name));
            })
            .on(
                "GET",
                "/subscriptions/:subscriptionId/resources",
                "Microsoft.Resources/subscriptions/resources/read",
                (request) => this.resources(request, () => true),
            );
    }

    private list(request: ArmRequest): HttpReply {
        const filter = request.url.searchParams.get("$filter") ?? "";
        const tag = /^tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?$/i.exec(filter);
        const value = this.store
            .listGroups()
            .filter(
                ({ tags }) =>
                    tag === null ||
                    (tag[1] in tags && (tag[2] === undefined || tags[tag[1]] === tag[2])),
            )
            .map((group) => this.view(group));
        return { status: 200, body: { value } };
    }

    private put(request: ArmRequest, name: string): HttpReply {
        const body = jsonBody(request, malformedContent);
        const region = regionOf(request.host.cloud, body.location, type);
        const tags = (body.tags ?? {}) as Record<string, string>;
        const existing = this.store.group(name);
        if (existing === undefined) {
            if (!/^[-\w._()]{1,90}$/u.test(name) || name.endsWith(".")) {
                throw armFailure(
                    400,
                    "InvalidResourceGroup",
                    `The provided resource group name '${name}' has these invalid characters or ends with '.'. ` +
                        "The name can only be a letter, digit, '-', '.', '(', ')' or '_'.",
                );
            }
            const group: ResourceGroup = { name, location: region.name, tags, state: "Succeeded" };
            this.store.addGroup(group);
            return { status: 201, body: this.view(group) };
        }
        requireStanding(existing);
        if (locationName(existing.location) !== region.name) {
            throw armFailure(
                409,
                "InvalidResourceGroupLocation",
                `Invalid resource group location '${region.name}'. The Resource group already exists in ` +
                    `location '${existing.location}'.`,
            );
        }
        existing.tags = tags;
        return { status: 200, body: this.view(existing) };
    }

    private patch(request: ArmRequest, name: string): HttpReply {
        const group = existingGroup(this.store, name);
        requireStanding(group);
        const body = jsonBody(request, malformedContent);
        if (body.tags !== undefined) {
            group.tags = body.tags as Record<string, string>;
        }
        return { status: 200, body: this.view(group) };
    }

    /** Deletes the group with everything in it. */
    private delete(request: ArmRequest, name: string): HttpReply {
        const { access, eventHubs, hubs, identities, monitoring, provisioning, settings } =
            this.context;
        const group = existingGroup(this.store, name);
        const id = this.idOf(group);
        const isInside = (one: { readonly resourceGroup: string; readonly id: string }): boolean =>
            sameName(one.resourceGroup, group.name) &&
            isOfSubscription(one, this.store.subscriptionId);
        const namespaces = eventHubs.list().filter(isInside);
        const inside = hubs.list().filter(isInside);
        const services = provisioning.list().filter(isInside);
        group.state = "Deleting";
        [...inside, ...services].forEach((one) => (one.state = "Deleting"));
        const operation = this.store.operations.start(id, settings.activationSeconds, () => {
            inside.filter((hub) => hubs.get(hub.name) === hub).forEach((hub) => hubs.remove(hub));
            services.forEach((service) => removeService(this.context, service));
            namespaces.forEach((namespace) => eventHubs.remove(namespace));
            identities
                .list()
                .filter(isInside)
                .forEach((identity) => identities.remove(identity));
            monitoring
                .list()
                .filter(isInside)
                .forEach((one) => monitoring.remove(one));
            this.store.removeGroup(group);
            access.removeAllWithin(id);
        });
        return {
            status: 202,
            headers: locationHeaders(request, this.store.subscriptionId, operation),
        };
    }

    private resources(request: ArmRequest, isWanted: (one: GroupMember) => boolean): HttpReply {
        const filter = request.url.searchParams.get("$filter") ?? "";
        const wantedType = /resourceType eq '([^']*)'/i.exec(filter)?.[1];
        const ofType = (type: string, all: readonly GroupMember[]): object[] =>
            all
                .filter((one) => isAddressed(request, one) && isWanted(one))
                .filter(() => wantedType === undefined || sameName(wantedType, type))
                .map(({ id, name, location, sku, tags }) => ({
                    id,
                    name,
                    type,
                    location,
                    sku,
                    tags,
                }));
        const value = [
            ...ofType(hubType, this.context.hubs.list()),
            ...ofType(dpsType, this.context.provisioning.list()),
            ...ofType(namespaceType, this.context.eventHubs.list()),
            ...ofType(identityType, this.context.identities.list()),
            ...[workspaceType, actionGroupType, queryRuleType].flatMap((each) =>
                ofType(
                    each,
                    this.context.monitoring.list().filter((one) => one.type === each),
                ),
            ),
        ];
        return { status: 200, body: { value } };
    }

    private idOf(group: ResourceGroup): string {
        return `/subscriptions/${this.store.subscriptionId}/resourceGroups/${group.name}`;
    }

    private view(group: ResourceGroup): object {
        return {
            id: this.idOf(group),
            name: group.name,
            type,
            location: group.location,
            tags: group.tags,
            properties: { provisioningState: group.state },
        };
    }
}

export const hubType = "Microsoft.Devices/IotHubs";
export const dpsType = "Microsoft.Devices/provisioningServices";
export const namespaceType = "Microsoft.EventHub/namespaces";
export const workspaceType = "Microsoft.OperationalInsights/workspaces";
export const actionGroupType = "Microsoft.Insights/actionGroups";
export const queryRuleType = "Microsoft.Insights/scheduledQueryRules";
export const identityType = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** @throws HttpFailure 404 ResourceGroupNotFound */
export function existingGroup(store: ArmStore, name: string): ResourceGroup {
    const group = store.group(name);
    if (group === undefined) {
        throw groupNotFound(name);
    }
    return group;
}

/** @throws HttpFailure 409 ResourceGroupBeingDeleted */
export function requireStanding(group: ResourceGroup): void {
    if (group.state === "Deleting") {
        throw armFailure(
            409,
            "ResourceGroupBeingDeleted",
            `The resource group '${group.name}' is in deprovisioning state and cannot perform this operation.`,
        );
    }
}

/** Names of Azure resources are case-insensitive. */
export function sameName(one: string, other: string): boolean {
    return one.toLowerCase() === other.toLowerCase();
}
