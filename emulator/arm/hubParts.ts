import { EmulatorContext } from "../context";
import { HttpReply } from "../core/http";
import { ConsumerGroup, Hub } from "../hub/model";
import { armFailure, iotFailure } from "./errors";
import { endpointHealth } from "./hubRouting";
import { existingHub, hubPath, requireActive } from "./hubs";
import { hubType, sameName } from "./resourceGroups";
import { ArmRequest, ArmRoutes } from "./routes";
import { findSku, reachableSkus } from "../hub/skus";

const freeDevices = 500;
const paidDevices = 1_000_000;

/** Keys, SKUs, quotas, statistics and consumer groups of a hub (azure-rest-api-specs iothub.json 2023-06-30). */
export class HubPartsApi {
    constructor(private readonly context: EmulatorContext) {}

    register(routes: ArmRoutes): void {
        const groups = `${hubPath}/eventHubEndpoints/:endpoint/ConsumerGroups`;
        const groupActions = `${hubType}/eventHubEndpoints/consumerGroups`;
        const withHub =
            (answer: (hub: Hub, request: ArmRequest, name: string) => HttpReply) =>
            (request: ArmRequest, params: Readonly<Record<string, string>>) => {
                const hub = existingHub(this.context, request, params.group, params.hub);
                requireBuiltInEndpoint(params.endpoint);
                return answer(hub, request, params.name);
            };
        routes
            .on(
                "POST",
                `${hubPath}/listkeys`,
                `${hubType}/listkeys/Action`,
                withHub((hub) => ({ status: 200, body: { value: hub.policies } })),
            )
            .on(
                "POST",
                `${hubPath}/IotHubKeys/:name/listkeys`,
                `${hubType}/iotHubKeys/listkeys/action`,
                withHub((hub, request, name) => this.key(hub, request, name)),
            )
            .on("GET", `${hubPath}/skus`, `${hubType}/skus/Read`, withHub(skuList))
            .on(
                "GET",
                `${hubPath}/quotaMetrics`,
                `${hubType}/quotaMetrics/Read`,
                withHub((hub) => this.quotas(hub)),
            )
            .on(
                "GET",
                `${hubPath}/routingEndpointsHealth`,
                `${hubType}/routingEndpointsHealth/Read`,
                withHub((hub) => endpointHealth(this.context, hub)),
            )
            .on("GET", `${hubPath}/IotHubStats`, `${hubType}/iotHubStats/Read`, withHub(statistics))
            .on(
                "GET",
                groups,
                `${groupActions}/Read`,
                withHub((hub) => ({
                    status: 200,
                    body: {
                        value: [...hub.consumerGroups.values()].map((one) => groupView(hub, one)),
                    },
                })),
            )
            .on(
                "GET",
                `${groups}/:name`,
                `${groupActions}/Read`,
                withHub((hub, _request, name) => ({
                    status: 200,
                    body: groupView(hub, existingConsumerGroup(hub, name)),
                })),
            )
            .on(
                "PUT",
                `${groups}/:name`,
                `${groupActions}/Write`,
                withHub((hub, request, name) => this.putGroup(hub, request, name)),
            )
            .on(
                "DELETE",
                `${groups}/:name`,
                `${groupActions}/Delete`,
                withHub((hub, request, name) => this.deleteGroup(hub, request, name)),
            );
    }

    private key(hub: Hub, request: ArmRequest, name: string): HttpReply {
        const policy = hub.policies.find(({ keyName }) => sameName(keyName, name));
        if (policy === undefined) {
            throw iotFailure(
                request,
                this.context.clock,
                404006,
                `Shared access policy '${name}' does not exist in IotHub '${hub.name}'.`,
            );
        }
        return { status: 200, body: policy };
    }

    private quotas(hub: Hub): HttpReply {
        const sku = findSku(hub.sku.name);
        const today = this.context.clock.date().toISOString().slice(0, 10);
        const messages = this.context.telemetry
            .list({ hub: hub.name })
            .filter(({ enqueuedTime }) => enqueuedTime.startsWith(today));
        const value = [
            {
                name: "TotalMessages",
                currentValue: messages.length,
                maxValue: (sku?.messagesPerDay ?? 0) * hub.sku.capacity,
            },
            {
                name: "TotalDeviceCount",
                currentValue: hub.devices.size,
                maxValue: sku?.tier === "Free" ? freeDevices : paidDevices,
            },
        ];
        return { status: 200, body: { value } };
    }

    private putGroup(hub: Hub, request: ArmRequest, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const existing = findConsumerGroup(hub, name);
        if (existing !== undefined) {
            return { status: 200, body: groupView(hub, existing) };
        }
        if (!/^[A-Za-z0-9$][\w.-]{0,49}$/.test(name)) {
            throw iotFailure(
                request,
                this.context.clock,
                400004,
                `Consumer group name '${name}' is not valid.`,
            );
        }
        const { clock, hubs } = this.context;
        const group = { name, etag: hubs.etags.resource(), created: clock.date().toUTCString() };
        hub.consumerGroups.set(name, group);
        return { status: 200, body: groupView(hub, group) };
    }

    private deleteGroup(hub: Hub, request: ArmRequest, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const group = existingConsumerGroup(hub, name);
        if (group.name === "$Default") {
            throw iotFailure(
                request,
                this.context.clock,
                400004,
                "The default consumer group cannot be deleted.",
            );
        }
        hub.consumerGroups.delete(group.name);
        return { status: 200 };
    }
}

/** A hub has one Event Hubs compatible endpoint, `events`. */
function requireBuiltInEndpoint(endpoint: string | undefined): void {
    if (endpoint !== undefined && endpoint.toLowerCase() !== "events") {
        throw armFailure(404, "NotFound", `There is no event hub endpoint '${endpoint}'.`);
    }
}

function findConsumerGroup(hub: Hub, name: string): ConsumerGroup | undefined {
    return [...hub.consumerGroups.values()].find((group) => sameName(group.name, name));
}

function existingConsumerGroup(hub: Hub, name: string): ConsumerGroup {
    const group = findConsumerGroup(hub, name);
    if (group === undefined) {
        throw armFailure(
            404,
            "NotFound",
            `Consumer group '${name}' does not exist in IotHub '${hub.name}'.`,
        );
    }
    return group;
}

function groupView(hub: Hub, group: ConsumerGroup): object {
    return {
        id: `${hub.id}/eventHubEndpoints/events/ConsumerGroups/${group.name}`,
        name: group.name,
        type: `${hubType}/EventHubEndpoints/ConsumerGroups`,
        properties: { created: group.created },
        etag: group.etag === "" ? null : group.etag,
    };
}

function skuList(hub: Hub): HttpReply {
    const current = findSku(hub.sku.name);
    const value = (current === undefined ? [] : reachableSkus(current)).map((sku) => ({
        resourceType: hubType,
        sku: { name: sku.name, tier: sku.tier },
        capacity: {
            minimum: 1,
            maximum: sku.maximumUnits,
            default: 1,
            scaleType: sku.maximumUnits === 1 ? "None" : "Manual",
        },
    }));
    return { status: 200, body: { value } };
}

function statistics(hub: Hub): HttpReply {
    const devices = [...hub.devices.values()];
    const enabled = devices.filter(({ status }) => status === "enabled").length;
    return {
        status: 200,
        body: {
            totalDeviceCount: devices.length,
            enabledDeviceCount: enabled,
            disabledDeviceCount: devices.length - enabled,
        },
    };
}
