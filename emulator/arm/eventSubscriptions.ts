import { EmulatorContext } from "../context";
import { HttpReply, jsonBody } from "../core/http";
import { Hub } from "../hub/model";
import { eventGridRoute, isDefault, Routing, routesOf } from "./defaultRoutes";
import { armFailure, malformedContent } from "./errors";
import { existingHub, hubPath, requireActive } from "./hubs";
import { ArmRequest, ArmRoutes } from "./routes";

/** Event Grid subscriptions to a hub (Microsoft.EventGrid/eventSubscriptions), limited to their effects on the hub. */
export class EventSubscriptionApi {
    constructor(private readonly context: EmulatorContext) {}

    register(routes: ArmRoutes): void {
        const path = `${hubPath}/providers/Microsoft.EventGrid/eventSubscriptions/:name`;
        const type = "Microsoft.EventGrid/eventSubscriptions";
        const onHub =
            (answer: (hub: Hub, request: ArmRequest, name: string) => HttpReply) =>
            (request: ArmRequest, params: Readonly<Record<string, string>>) => {
                const hub = existingHub(this.context, request, params.group, params.hub);
                return answer(hub, request, params.name);
            };
        routes
            .on("GET", path, `${type}/read`, onHub(showSubscription))
            .on(
                "PUT",
                path,
                `${type}/write`,
                onHub((hub, request, name) => this.put(hub, request, name)),
            )
            .on(
                "DELETE",
                path,
                `${type}/delete`,
                onHub((hub, request, name) => this.delete(hub, request, name)),
            );
    }

    private put(hub: Hub, request: ArmRequest, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const { properties = {} } = jsonBody(request, malformedContent);
        hub.eventSubscriptions = { ...hub.eventSubscriptions, [name]: properties };
        this.route(hub);
        return { ...showSubscription(hub, request, name), status: 201 };
    }

    private delete(hub: Hub, request: ArmRequest, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const { [name]: former, ...others } = hub.eventSubscriptions ?? {};
        hub.eventSubscriptions = others;
        this.route(hub);
        return { status: former === undefined ? 204 : 200 };
    }

    /** The route exists as long as there is a subscriber. */
    private route(hub: Hub): void {
        const others = routesOf(hub.properties).filter((route) => !isDefault(route));
        const isWanted = Object.keys(hub.eventSubscriptions ?? {}).length > 0;
        hub.properties.routing = {
            ...(hub.properties.routing as Routing | undefined),
            routes: isWanted ? [...others, eventGridRoute] : others,
        };
        hub.etag = this.context.hubs.etags.resource();
    }
}

function showSubscription(hub: Hub, _request: ArmRequest, name: string): HttpReply {
    const properties = hub.eventSubscriptions?.[name];
    if (properties === undefined) {
        throw armFailure(404, "ResourceNotFound", `There is no event subscription '${name}'.`);
    }
    const type = "Microsoft.EventGrid/eventSubscriptions";
    return {
        status: 200,
        body: { id: `${hub.id}/providers/${type}/${name}`, name, type, properties },
    };
}
