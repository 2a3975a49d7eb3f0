import { EmulatorContext } from "../context";
import { HttpReply, jsonBody } from "../core/http";
import { MonitoringResource } from "../monitoring/monitoringResources";
import { armFailure, malformedContent } from "./errors";
import { page } from "./paging";
import { existingGroup, requireStanding, sameName } from "./resourceGroups";
import { ArmRequest, ArmRoutes, isAddressed } from "./routes";
import { ArmStore } from "./store";

type Params = Readonly<Record<string, string>>;
type Properties = Readonly<Record<string, unknown>>;

/** What is sent for a resource, with the parts that all types have in common already checked. */
export interface MonitoringRequest {
    readonly request: ArmRequest;
    readonly name: string;
    readonly location: unknown;
    readonly properties: Properties;
    readonly existing: MonitoringResource | undefined;
}

/** One type of resource that the emulator keeps and does not evaluate. */
export interface MonitoringType {
    /** `Microsoft.Insights/actionGroups` */
    readonly type: string;
    /** @throws HttpFailure if a name, a location or the properties break a documented rule */
    check(asked: MonitoringRequest): void;
    /** The properties as the service returns them. */
    complete(asked: MonitoringRequest, now: Date): Properties;
}

/** GET, PUT, DELETE and lists of a type of Azure Monitor or Log Analytics. */
export class MonitoringApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
        private readonly kept: MonitoringType,
    ) {}

    register(routes: ArmRoutes): void {
        const { type } = this.kept;
        const inGroup = `/subscriptions/:subscriptionId/resourceGroups/:group/providers/${type}`;
        routes
            .on("GET", inGroup, `${type}/read`, (request, { group }) => {
                const { name } = existingGroup(this.store, group);
                return this.list(request, (one) => sameName(one.resourceGroup, name));
            })
            .on(
                "GET",
                `/subscriptions/:subscriptionId/providers/${type}`,
                `${type}/read`,
                (request) => this.list(request, () => true),
            )
            .on("GET", `${inGroup}/:name`, `${type}/read`, (request, params) => {
                const found = this.find(request, params);
                if (found === undefined) {
                    throw armFailure(
                        404,
                        "ResourceNotFound",
                        `The Resource '${type}/${params.name}' under resource group '${params.group}' was not found.`,
                    );
                }
                return { status: 200, body: view(found) };
            })
            .on("PUT", `${inGroup}/:name`, `${type}/write`, (request, params) =>
                this.put(request, params),
            )
            .on("DELETE", `${inGroup}/:name`, `${type}/delete`, (request, params) => {
                const found = this.find(request, params);
                if (found === undefined) {
                    return { status: 204 };
                }
                this.context.monitoring.remove(found);
                return { status: 200 };
            });
    }

    private list(request: ArmRequest, isWanted: (one: MonitoringResource) => boolean): HttpReply {
        const own = this.context.monitoring
            .list()
            .filter(
                (one) => one.type === this.kept.type && isAddressed(request, one) && isWanted(one),
            );
        return page(request, own, view);
    }

    private find(request: ArmRequest, params: Params): MonitoringResource | undefined {
        const group = existingGroup(this.store, params.group);
        const found = this.context.monitoring.get(this.idOf(group.name, params.name));
        return found?.cloud === request.host.cloud.name ? found : undefined;
    }

    private put(request: ArmRequest, params: Params): HttpReply {
        const group = existingGroup(this.store, params.group);
        requireStanding(group);
        const body = jsonBody(request, malformedContent);
        const existing = this.find(request, params);
        const asked: MonitoringRequest = {
            request,
            name: params.name,
            location: body.location,
            properties: (body.properties ?? {}) as Properties,
            existing,
        };
        this.kept.check(asked);
        const now = this.context.clock.date();
        const resource: MonitoringResource = {
            id: existing?.id ?? this.idOf(group.name, params.name),
            type: this.kept.type,
            name: existing?.name ?? params.name,
            resourceGroup: group.name,
            location: existing?.location ?? String(body.location),
            cloud: request.host.cloud.name,
            createdAt: existing?.createdAt ?? now.toISOString(),
            ...(body.kind === undefined ? {} : { kind: String(body.kind) }),
            tags: (body.tags ?? {}) as Record<string, string>,
            properties: this.kept.complete(asked, now),
        };
        this.context.monitoring.put(resource);
        return { status: existing === undefined ? 201 : 200, body: view(resource) };
    }

    private idOf(group: string, name: string): string {
        return `/subscriptions/${this.store.subscriptionId}/resourceGroups/${group}/providers/${this.kept.type}/${name}`;
    }
}

function view({ id, name, type, location, kind, tags, properties }: MonitoringResource): object {
    return { id, name, type, location, ...(kind === undefined ? {} : { kind }), tags, properties };
}

/** The error of a request that breaks a documented rule. Wordings are not documented. */
export function badRequest(message: string) {
    return armFailure(400, "BadRequest", message);
}

/** @throws HttpFailure 400 if two members of a list have the same name, or one lacks a member */
export function checkReceivers(
    receivers: unknown,
    kind: string,
    required: readonly string[],
    taken: Set<string>,
): void {
    for (const one of (receivers ?? []) as readonly Properties[]) {
        const lacking = required.find((key) => typeof one[key] !== "string" || one[key] === "");
        if (lacking !== undefined) {
            throw badRequest(`A receiver of ${kind} lacks '${lacking}'.`);
        }
        const name = String(one.name).toLowerCase();
        if (taken.has(name)) {
            throw badRequest(`The receiver name '${String(one.name)}' is used twice.`);
        }
        taken.add(name);
    }
}
