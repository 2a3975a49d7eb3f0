import { EmulatorContext } from "../context";
import { HttpReply, jsonBody } from "../core/http";
import { EventLog } from "../eventHubs/eventLog";
import { EventHub, EventHubConsumerGroup, Namespace } from "../eventHubs/namespaces";
import { armFailure, malformedContent } from "./errors";
import { existingNamespace, namespacePath, requireReady } from "./namespaces";
import { page } from "./paging";
import { namespaceType } from "./resourceGroups";
import { ArmRequest, ArmRoutes } from "./routes";

const defaultConsumerGroup = "$Default";

/** Azure docs: event-hubs-quotas. */
const limits = {
    Basic: { days: 1, partitions: 32, consumerGroups: 1 },
    Standard: { days: 7, partitions: 32, consumerGroups: 20 },
    Premium: { days: 90, partitions: 100, consumerGroups: 100 },
} as const;

type Params = Readonly<Record<string, string>>;

/**
 * Event Hubs and their consumer groups (azure-rest-api-specs eventhub, eventhubs.json and consumergroups.json
 * 2024-01-01).
 */
export class EventHubApi {
    constructor(private readonly context: EmulatorContext) {}

    register(routes: ArmRoutes): void {
        const hubs = `${namespacePath}/eventhubs`;
        const one = `${hubs}/:eventHub`;
        const groups = `${one}/consumergroups`;
        const type = `${namespaceType}/eventhubs`;
        routes
            .on("GET", hubs, `${type}/read`, (request, params) => {
                const namespace = existingNamespace(this.context, request, params);
                return page(request, [...namespace.eventHubs.values()], (each) =>
                    view(namespace, each),
                );
            })
            .on("GET", one, `${type}/read`, (request, params) => {
                const [namespace, eventHub] = this.existing(request, params);
                return { status: 200, body: view(namespace, eventHub) };
            })
            .on("PUT", one, `${type}/write`, (request, params) => this.put(request, params))
            .on("DELETE", one, `${type}/delete`, (request, params) => this.delete(request, params))
            .on("GET", groups, `${type}/consumergroups/read`, (request, params) => {
                const [namespace, eventHub] = this.existing(request, params);
                return page(request, [...eventHub.consumerGroups.values()], (each) =>
                    groupView(namespace, eventHub, each),
                );
            })
            .on("GET", `${groups}/:name`, `${type}/consumergroups/read`, (request, params) =>
                this.group(request, params),
            )
            .on("PUT", `${groups}/:name`, `${type}/consumergroups/write`, (request, params) =>
                this.putGroup(request, params),
            )
            .on("DELETE", `${groups}/:name`, `${type}/consumergroups/delete`, (request, params) =>
                this.deleteGroup(request, params),
            );
    }

    private existing(request: ArmRequest, params: Params): [Namespace, EventHub] {
        const namespace = existingNamespace(this.context, request, params);
        const eventHub = namespace.eventHubs.get(params.eventHub.toLowerCase());
        if (eventHub === undefined) {
            throw notFound(`${namespaceType}/${namespace.name}/eventhubs/${params.eventHub}`);
        }
        return [namespace, eventHub];
    }

    private put(request: ArmRequest, params: Params): HttpReply {
        const namespace = existingNamespace(this.context, request, params);
        requireReady(namespace);
        const { properties = {} } = jsonBody(request, malformedContent) as {
            properties?: { partitionCount?: number; messageRetentionInDays?: number };
        };
        const limit = limits[namespace.sku.name as keyof typeof limits];
        const existing = namespace.eventHubs.get(params.eventHub.toLowerCase());
        const partitionCount = properties.partitionCount ?? existing?.log.partitions.length ?? 4;
        const days = properties.messageRetentionInDays ?? existing?.messageRetentionInDays ?? 1;
        if (!isWithin(partitionCount, limit.partitions) || !isWithin(days, limit.days)) {
            throw armFailure(
                400,
                "BadRequest",
                `An Event Hub of tier ${namespace.sku.name} has 1 to ${limit.partitions} partitions and a ` +
                    `retention of 1 to ${limit.days} days.`,
            );
        }
        if (existing !== undefined && existing.log.partitions.length !== partitionCount) {
            throw armFailure(
                400,
                "BadRequest",
                "The partition count of an Event Hub cannot be changed once it is created.",
            );
        }
        if (existing !== undefined) {
            existing.messageRetentionInDays = days;
            return { status: 200, body: view(namespace, existing) };
        }
        const createdAt = this.context.clock.date().toISOString();
        const made: EventHub = {
            id: `${namespace.id}/eventhubs/${params.eventHub}`,
            name: params.eventHub,
            createdAt,
            messageRetentionInDays: days,
            log: new EventLog(partitionCount),
            consumerGroups: new Map(),
        };
        const own = { name: defaultConsumerGroup, createdAt };
        made.consumerGroups.set(defaultConsumerGroup.toLowerCase(), own);
        namespace.eventHubs.set(made.name.toLowerCase(), made);
        return { status: 200, body: view(namespace, made) };
    }

    private delete(request: ArmRequest, params: Params): HttpReply {
        const namespace = existingNamespace(this.context, request, params);
        const found = namespace.eventHubs.get(params.eventHub.toLowerCase());
        if (found === undefined) {
            return { status: 204 };
        }
        namespace.eventHubs.delete(found.name.toLowerCase());
        this.context.access.removeAllWithin(found.id);
        return { status: 200 };
    }

    private group(request: ArmRequest, params: Params): HttpReply {
        const [namespace, eventHub] = this.existing(request, params);
        const group = eventHub.consumerGroups.get(params.name.toLowerCase());
        if (group === undefined) {
            throw notFound(`${eventHub.id}/consumergroups/${params.name}`);
        }
        return { status: 200, body: groupView(namespace, eventHub, group) };
    }

    private putGroup(request: ArmRequest, params: Params): HttpReply {
        const [namespace, eventHub] = this.existing(request, params);
        const { properties = {} } = jsonBody(request, malformedContent) as {
            properties?: { userMetadata?: string };
        };
        const groups = eventHub.consumerGroups;
        const existing = groups.get(params.name.toLowerCase());
        const { consumerGroups: most } = limits[namespace.sku.name as keyof typeof limits];
        if (existing === undefined && groups.size >= most) {
            throw armFailure(
                400,
                "BadRequest",
                `An Event Hub of tier ${namespace.sku.name} has at most ${most} consumer groups.`,
            );
        }
        const group = {
            name: existing?.name ?? params.name,
            createdAt: existing?.createdAt ?? this.context.clock.date().toISOString(),
            userMetadata: properties.userMetadata,
        };
        groups.set(group.name.toLowerCase(), group);
        return { status: 200, body: groupView(namespace, eventHub, group) };
    }

    private deleteGroup(request: ArmRequest, params: Params): HttpReply {
        const [, eventHub] = this.existing(request, params);
        return { status: eventHub.consumerGroups.delete(params.name.toLowerCase()) ? 200 : 204 };
    }
}

function isWithin(value: number, most: number): boolean {
    return Number.isInteger(value) && value >= 1 && value <= most;
}

function notFound(what: string) {
    return armFailure(404, "ResourceNotFound", `The Resource '${what}' was not found.`);
}

function view({ location }: Namespace, eventHub: EventHub): object {
    const { id, name, createdAt, messageRetentionInDays, log } = eventHub;
    return {
        id,
        name,
        type: `${namespaceType}/eventhubs`,
        location,
        properties: {
            messageRetentionInDays,
            partitionCount: log.partitions.length,
            partitionIds: log.partitions.map((partition) => partition.id),
            retentionDescription: {
                cleanupPolicy: "Delete",
                retentionTimeInHours: messageRetentionInDays * 24,
            },
            status: "Active",
            createdAt,
            updatedAt: createdAt,
        },
    };
}

function groupView(
    { location }: Namespace,
    eventHub: EventHub,
    { name, createdAt, userMetadata }: EventHubConsumerGroup,
): object {
    return {
        id: `${eventHub.id}/consumergroups/${name}`,
        name,
        type: `${namespaceType}/eventhubs/consumergroups`,
        location,
        properties: { createdAt, updatedAt: createdAt, userMetadata },
    };
}
