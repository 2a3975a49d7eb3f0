import { EmulatorContext } from "../context";
import { HttpReply, jsonBody } from "../core/http";
import { Namespace } from "../eventHubs/namespaces";
import { armFailure, malformedContent } from "./errors";
import { regionOf } from "./locations";
import { locationHeaders } from "./operations";
import { page } from "./paging";
import { existingGroup, namespaceType, requireStanding, sameName } from "./resourceGroups";
import { ArmRequest, ArmRoutes } from "./routes";
import { ArmStore } from "./store";

export const namespacePath =
    "/subscriptions/:subscriptionId/resourceGroups/:group/providers/Microsoft.EventHub/namespaces/:namespace";

const tiers = ["Basic", "Standard", "Premium"];

/** Microsoft.EventHub/namespaces (azure-rest-api-specs eventhub, namespaces.json 2024-01-01). */
export class NamespaceApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        const collection = namespacePath.replace("/:namespace", "");
        routes
            .on("GET", collection, `${namespaceType}/read`, (request, { group }) => {
                const { name } = existingGroup(this.store, group);
                const own = this.context.eventHubs
                    .list()
                    .filter(
                        (one) =>
                            sameName(one.resourceGroup, name) &&
                            one.cloud === request.host.cloud.name,
                    );
                return page(request, own, view);
            })
            .on("GET", namespacePath, `${namespaceType}/read`, (request, params) => ({
                status: 200,
                body: view(existingNamespace(this.context, request, params)),
            }))
            .on("PUT", namespacePath, `${namespaceType}/write`, (request, params) =>
                this.put(request, params),
            )
            .on("DELETE", namespacePath, `${namespaceType}/delete`, (request, params) =>
                this.delete(request, params),
            );
    }

    private put(request: ArmRequest, params: Readonly<Record<string, string>>): HttpReply {
        const group = existingGroup(this.store, params.group);
        requireStanding(group);
        const name = params.namespace;
        const body = jsonBody(request, malformedContent);
        const region = regionOf(request.host.cloud, body.location, namespaceType);
        const existing = this.context.eventHubs.get(name);
        if (existing !== undefined && !isHere(existing, request, params)) {
            throw armFailure(400, "BadRequest", `Namespace name '${name}' is not available.`);
        }
        if (!/^[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]$/.test(name)) {
            throw armFailure(
                400,
                "BadRequest",
                `The namespace name '${name}' is not valid: 6 to 50 letters, digits or hyphens, from a letter to a letter or digit.`,
            );
        }
        const sku = (body.sku ?? {}) as { name?: string; capacity?: number };
        if (sku.name !== undefined && !tiers.includes(sku.name)) {
            throw armFailure(400, "BadRequest", `The sku '${sku.name}' must be one of ${tiers}.`);
        }
        const changes = {
            tags: (body.tags ?? {}) as Record<string, string>,
            sku: { name: sku.name ?? "Standard", capacity: sku.capacity ?? 1 },
            properties: (body.properties ?? {}) as Namespace["properties"],
        };
        if (existing !== undefined) {
            requireReady(existing);
            return { status: 200, body: view(Object.assign(existing, changes)) };
        }
        const { cloud } = request.host;
        const made: Namespace = {
            ...changes,
            id:
                `/subscriptions/${this.store.subscriptionId}/resourceGroups/${group.name}` +
                `/providers/${namespaceType}/${name}`,
            name,
            resourceGroup: group.name,
            location: region.displayName,
            cloud: cloud.name,
            hostName: `${name.toLowerCase()}.${cloud.eventHubsSuffix}`,
            createdAt: this.context.clock.date().toISOString(),
            state: "Created",
            eventHubs: new Map(),
        };
        this.context.eventHubs.add(made);
        this.store.operations.start(made.id, this.context.settings.activationSeconds, () => {
            made.state = "Succeeded";
        });
        return { status: 201, body: view(made) };
    }

    private delete(request: ArmRequest, params: Readonly<Record<string, string>>): HttpReply {
        const { access, eventHubs, settings } = this.context;
        existingGroup(this.store, params.group);
        const found = eventHubs.get(params.namespace);
        if (found === undefined || !isHere(found, request, params)) {
            return { status: 204 };
        }
        found.state = "Removing";
        const operation = this.store.operations.start(found.id, settings.activationSeconds, () => {
            eventHubs.remove(found);
            access.removeAllWithin(found.id);
        });
        return {
            status: 202,
            headers: locationHeaders(request, this.store.subscriptionId, operation),
        };
    }
}

function isHere(
    one: Namespace,
    request: ArmRequest,
    { group }: Readonly<Record<string, string>>,
): boolean {
    return sameName(one.resourceGroup, group) && one.cloud === request.host.cloud.name;
}

/** @throws HttpFailure 404 ResourceNotFound */
export function existingNamespace(
    context: EmulatorContext,
    request: ArmRequest,
    params: Readonly<Record<string, string>>,
): Namespace {
    const found = context.eventHubs.get(params.namespace);
    if (found === undefined || !isHere(found, request, params)) {
        throw armFailure(
            404,
            "ResourceNotFound",
            `The Resource '${namespaceType}/${params.namespace}' under resource group '${params.group}' was ` +
                "not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        );
    }
    return found;
}

/** @throws HttpFailure 409 while it is being created or deleted */
export function requireReady({ name, state }: Namespace): void {
    if (state !== "Succeeded") {
        throw armFailure(
            409,
            "Conflict",
            `Namespace '${name}' is in state ${state} and cannot be changed now.`,
        );
    }
}

function view(namespace: Namespace): object {
    const { id, name, location, tags, sku, state, createdAt, hostName } = namespace;
    return {
        id,
        name,
        type: namespaceType,
        location,
        tags,
        sku: { ...sku, tier: sku.name },
        properties: {
            disableLocalAuth: false,
            minimumTlsVersion: "1.2",
            publicNetworkAccess: "Enabled",
            isAutoInflateEnabled: false,
            maximumThroughputUnits: 0,
            kafkaEnabled: sku.name !== "Basic",
            zoneRedundant: true,
            ...namespace.properties,
            provisioningState: state,
            status: state === "Succeeded" ? "Active" : state,
            createdAt,
            updatedAt: createdAt,
            serviceBusEndpoint: `https://${hostName}:443/`,
            metricId: `${id.split("/")[2]}:${name.toLowerCase()}`,
        },
    };
}
