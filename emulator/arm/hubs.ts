import { randomBytes } from "crypto";
import { EmulatorContext } from "../context";
import { ifMatch } from "../core/etag";
import { HttpFailure, HttpReply, jsonBody } from "../core/http";
import { Hub, HubProperties, SharedAccessPolicy } from "../hub/model";
import { defaultRoutesProblem } from "./defaultRoutes";
import { armFailure, iotFailure, malformedContent } from "./errors";
import {
    maximumFreeHubs,
    maximumHubs,
    nameProblem,
    policiesOf,
    propertiesProblem,
    settled,
    skuProblem,
} from "./hubRules";
import { hubIdentity, requireEmulatedRoutes, routingProblem, withEndpointIds } from "./hubRouting";
import { hubView } from "./hubView";
import { regionOf } from "./locations";
import { unmasked } from "./maskedKeys";
import { operationHeaders } from "./operations";
import { page } from "./paging";
import { existingGroup, hubType, requireStanding, sameName } from "./resourceGroups";
import { ArmRequest, ArmRoutes, isAddressed } from "./routes";
import { findSku } from "../hub/skus";
import { ArmStore, ResourceGroup } from "./store";

export const hubPath =
    "/subscriptions/:subscriptionId/resourceGroups/:group/providers/Microsoft.Devices/IotHubs/:hub";

/** Microsoft.Devices/IotHubs (azure-rest-api-specs iothub.json 2023-06-30). */
export class HubApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        const subscription = "/subscriptions/:subscriptionId";
        const collection = "providers/Microsoft.Devices/IotHubs";
        routes
            .on(
                "POST",
                `${subscription}/providers/Microsoft.Devices/checkNameAvailability`,
                "Microsoft.Devices/checkNameAvailability/Action",
                (request) => this.checkName(request),
            )
            .on("GET", `${subscription}/${collection}`, `${hubType}/Read`, (request) =>
                this.list(request, () => true),
            )
            .on(
                "GET",
                `${subscription}/resourceGroups/:group/${collection}`,
                `${hubType}/Read`,
                (request, { group }) => {
                    const { name } = existingGroup(this.store, group);
                    return this.list(request, (hub) => sameName(hub.resourceGroup, name));
                },
            )
            .on("GET", hubPath, `${hubType}/Read`, (request, { group, hub }) => ({
                status: 200,
                body: this.view(existingHub(this.context, request, group, hub)),
            }))
            .on("PUT", hubPath, `${hubType}/Write`, (request, { group, hub }) =>
                this.put(request, group, hub),
            )
            .on("PATCH", hubPath, `${hubType}/Write`, (request, { group, hub }) =>
                this.patch(request, group, hub),
            )
            .on("DELETE", hubPath, `${hubType}/Delete`, (request, { group, hub }) =>
                this.delete(request, group, hub),
            );
    }

    private view(hub: Hub): object {
        return hubView(hub, this.store.operations.isRunning(hub.id));
    }

    private list(request: ArmRequest, isWanted: (hub: Hub) => boolean): HttpReply {
        const hubs = this.context.hubs
            .list()
            .filter((hub) => isAddressed(request, hub) && isWanted(hub));
        return page(request, hubs, (hub) => this.view(hub));
    }

    private checkName(request: ArmRequest): HttpReply {
        const name = String(jsonBody(request, malformedContent).name ?? "");
        const invalid = nameProblem(name);
        if (invalid !== undefined) {
            return {
                status: 200,
                body: { nameAvailable: false, reason: "Invalid", message: invalid },
            };
        }
        if (this.context.hubs.get(name) !== undefined) {
            const message = `IotHub name '${name}' is not available`;
            return {
                status: 200,
                body: { nameAvailable: false, reason: "AlreadyExists", message },
            };
        }
        return { status: 200, body: { nameAvailable: true, reason: "Invalid", message: null } };
    }

    private put(request: ArmRequest, groupName: string, name: string): HttpReply {
        const group = existingGroup(this.store, groupName);
        requireStanding(group);
        const body = jsonBody(request, malformedContent);
        const region = regionOf(request.host.cloud, body.location, hubType);
        const existing = this.taken(request, group, name);
        if (existing !== undefined) {
            if (existing.location !== region.name) {
                throw armFailure(
                    409,
                    "InvalidResourceLocation",
                    `The resource '${existing.name}' already exists in location '${existing.location}' in resource ` +
                        `group '${existing.resourceGroup}'. A resource with the same name cannot be created in ` +
                        `location '${region.name}'. Please select a new resource name.`,
                );
            }
            requireActive(this.context, request, existing);
        }
        this.checkPrecondition(request, existing);
        const wanted = unmasked(
            (body.properties ?? {}) as HubProperties,
            existing?.properties ?? {},
        );
        const sku = body.sku as { name: string; capacity?: number };
        const policies = policiesOf(wanted, newKey);
        const identity = hubIdentity(this.context, request, body.identity ?? existing?.identity);
        requireEmulatedRoutes(wanted);
        const problem =
            (existing === undefined ? nameProblem(name) : undefined) ??
            skuProblem(sku, existing) ??
            propertiesProblem(wanted, sku.name, existing) ??
            routingProblem(this.context, wanted, sku.name, { identity }) ??
            this.endpointProblem(wanted) ??
            (typeof policies === "string" ? policies : undefined);
        if (problem !== undefined) {
            throw this.invalid(request, problem);
        }
        const routesProblem = existing && defaultRoutesProblem(wanted, existing);
        if (routesProblem !== undefined) {
            throw iotFailure(request, this.context.clock, 400126, routesProblem);
        }
        const changes = {
            tags: (body.tags ?? {}) as Record<string, string>,
            sku: { name: sku.name, capacity: sku.capacity ?? 1 },
            properties: withEndpointIds(settled(wanted, sku.name, existing), existing?.properties),
            policies:
                (policies as SharedAccessPolicy[] | undefined) ?? this.omittedPolicies(existing),
            identity,
            etag: this.context.hubs.etags.resource(),
        };
        const hub = existing ?? this.create(request, group, name, region.name, sku.name);
        Object.assign(hub, changes, { policies: changes.policies ?? hub.policies });
        const operation = this.store.operations.start(
            hub.id,
            this.context.settings.activationSeconds,
            () => {
                if (hub.state === "Activating") {
                    hub.state = "Active";
                }
            },
        );
        return {
            status: 201,
            headers: this.headers(request, hub, operation),
            body: this.view(hub),
        };
    }

    private endpointProblem({ eventHubEndpoints }: HubProperties): string | undefined {
        const { events } = (eventHubEndpoints ?? {}) as { readonly events?: unknown };
        return this.context.settings.requireBuiltInEndpoint && !events
            ? "Property eventHubEndpoints must have the key 'events'."
            : undefined;
    }

    private omittedPolicies(existing: Hub | undefined): SharedAccessPolicy[] | undefined {
        return this.context.settings.renewOmittedPolicies
            ? existing?.policies.map(({ keyName, rights }) => withNewKeys(keyName, rights))
            : existing?.policies;
    }

    /** The hub that this PUT refers to, if it exists. Names are unique across Azure. */
    private taken(request: ArmRequest, group: ResourceGroup, name: string): Hub | undefined {
        const hub = this.context.hubs.get(name);
        if (hub === undefined) {
            return undefined;
        }
        const isHere = sameName(hub.resourceGroup, group.name) && isAddressed(request, hub);
        if (!isHere) {
            throw iotFailure(
                request,
                this.context.clock,
                409004,
                `IotHub name '${name}' not available.`,
            );
        }
        return hub;
    }

    private checkPrecondition(request: ArmRequest, existing: Hub | undefined): void {
        const etag = ifMatch(request.headers["if-match"]);
        if (
            etag === undefined ||
            (etag === "*" ? existing !== undefined : etag === existing?.etag)
        ) {
            return;
        }
        throw staleETag(this.context, request);
    }

    private create(
        request: ArmRequest,
        group: ResourceGroup,
        name: string,
        location: string,
        skuName: string,
    ): Hub {
        const { clock, hubs } = this.context;
        this.checkQuota(request, skuName);
        const subscriptionId = this.store.subscriptionId;
        const { cloud } = request.host;
        const hub: Hub = {
            id:
                `/subscriptions/${subscriptionId}/resourceGroups/${group.name}` +
                `/providers/${hubType}/${name}`,
            name,
            subscriptionId,
            resourceGroup: group.name,
            location,
            cloud: cloud.name,
            hostName: `${name.toLowerCase()}.${cloud.hubSuffix}`,
            ...(this.context.settings.gatewayV2 ? { gatewayV2: true } : {}),
            createdAt: clock.date().toISOString(),
            etag: "",
            state: "Activating",
            tags: {},
            sku: { name: skuName, capacity: 1 },
            properties: {},
            policies: defaultPolicies(),
            consumerGroups: new Map(),
            certificates: new Map(),
            devices: new Map(),
        };
        const created = clock.date().toUTCString();
        hub.consumerGroups.set("$Default", { name: "$Default", etag: "", created });
        hubs.add(hub);
        return hub;
    }

    private checkQuota(request: ArmRequest, skuName: string): void {
        const tier = findSku(skuName)?.tier;
        const all = this.context.hubs.list();
        const free = all.filter((hub) => hub.sku.name === "F1").length;
        const [maximum, current] =
            tier === "Free" && free >= maximumFreeHubs
                ? [maximumFreeHubs, free]
                : [maximumHubs, all.length];
        if (current >= maximum) {
            throw iotFailure(
                request,
                this.context.clock,
                400019,
                `Max number of Iot Hubs exceeded for sku = ${tier}, Max Allowed = ${maximum}, ` +
                    `Current = ${current + 1} in the subscription Id: ${this.store.subscriptionId}.`,
            );
        }
    }

    private patch(request: ArmRequest, group: string, name: string): HttpReply {
        const hub = existingHub(this.context, request, group, name);
        requireActive(this.context, request, hub);
        const body = jsonBody(request, malformedContent);
        if (body.tags !== undefined) {
            hub.tags = body.tags as Record<string, string>;
            hub.etag = this.context.hubs.etags.resource();
        }
        return { status: 200, body: this.view(hub) };
    }

    private delete(request: ArmRequest, groupName: string, name: string): HttpReply {
        const { access, hubs, settings } = this.context;
        const group = existingGroup(this.store, groupName);
        const hub = findHub(this.context, request, group.name, name);
        if (hub === undefined) {
            return { status: 204 };
        }
        requireActive(this.context, request, hub);
        hub.state = "Deleting";
        const operation = this.store.operations.start(hub.id, settings.activationSeconds, () => {
            if (hubs.get(hub.name) === hub) {
                hubs.remove(hub);
                access.removeAllWithin(hub.id);
            }
        });
        return { status: 202, headers: this.headers(request, hub, operation), body: "null" };
    }

    private headers(request: ArmRequest, hub: Hub, operation: string): Record<string, string> {
        return {
            "content-type": "application/json; charset=utf-8",
            ...operationHeaders(
                request,
                hub.subscriptionId,
                hub.location,
                operation,
                "operationResults?operationSource=other",
            ),
        };
    }

    private invalid(request: ArmRequest, text: string): HttpFailure {
        return iotFailure(request, this.context.clock, 400004, text);
    }
}

function defaultPolicies(): SharedAccessPolicy[] {
    const rights: readonly (readonly [string, string])[] = [
        ["iothubowner", "RegistryWrite, ServiceConnect, DeviceConnect"],
        ["service", "ServiceConnect"],
        ["device", "DeviceConnect"],
        ["registryRead", "RegistryRead"],
        ["registryReadWrite", "RegistryWrite"],
    ];
    return rights.map(([keyName, right]) => withNewKeys(keyName, right));
}

function withNewKeys(keyName: string, rights: string): SharedAccessPolicy {
    return { keyName, primaryKey: newKey(), secondaryKey: newKey(), rights };
}

export function newKey(): string {
    return randomBytes(32).toString("base64");
}

function findHub(
    context: EmulatorContext,
    request: ArmRequest,
    group: string,
    name: string,
): Hub | undefined {
    const hub = context.hubs.get(name);
    const isHere =
        hub !== undefined && sameName(hub.resourceGroup, group) && isAddressed(request, hub);
    return isHere ? hub : undefined;
}

/** @throws HttpFailure 404 ResourceNotFound */
export function existingHub(
    context: EmulatorContext,
    request: ArmRequest,
    group: string,
    name: string,
): Hub {
    const hub = findHub(context, request, group, name);
    if (hub === undefined) {
        throw armFailure(
            404,
            "ResourceNotFound",
            `The Resource '${hubType}/${name}' under resource group '${group}' was not found. ` +
                "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        );
    }
    return hub;
}

/**
 * A hub accepts changes only while it is active, and one at a time. Azure's wording of these errors is not documented.
 */
export function requireActive(context: EmulatorContext, request: ArmRequest, hub: Hub): void {
    const { clock, settings } = context;
    const since = clock.now() - (hub.writtenAt ?? 0);
    // The clock may have been moved back.
    const isBusy = since >= 0 && since < settings.parallelWriteSeconds * 1000;
    if (hub.state !== "Active" || isBusy) {
        const state = isBusy ? "being changed" : `in state ${hub.state}`;
        throw iotFailure(
            request,
            clock,
            409002,
            `IotHub '${hub.name}' is ${state} and cannot be changed now.`,
        );
    }
    hub.writtenAt = clock.now();
}

export function staleETag(context: EmulatorContext, request: ArmRequest): HttpFailure {
    return iotFailure(request, context.clock, 412001, "Invalid ETag supplied.");
}
