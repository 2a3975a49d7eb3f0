import * as pulumi from "@pulumi/pulumi";
import { EventHubRoutes } from "../components/iothub/eventHubRoutes";
import { HubArgs } from "../components/iothub/hub";
import { PreviousState } from "./previousState";
import { Settings } from "./settings";

/** Where devices' messages go beside the hub's built-in endpoint. */
export interface Routes {
    /** To be set on the hub. */
    readonly hub: HubArgs["routes"];
    /** What the stack shows of them; undefined when it never had any. */
    readonly output: pulumi.Inputs | undefined;
}

/** Declares what the routes of the settings need. */
export function createRoutes(
    { hub, location }: Settings,
    args: {
        readonly resourceGroupName: pulumi.Input<string>;
        readonly subscriptionId: string;
        readonly hubDomain: string;
    },
    previous: PreviousState,
): Routes {
    if (hub.routes.length === 0) {
        // A PUT that leaves the identity out keeps it, and with it one that is deleted after.
        return "routes" in previous.outputs
            ? { hub: { identity: { type: "None" } }, output: {} }
            : { hub: undefined, output: undefined };
    }
    const routes = new EventHubRoutes("iot-routes", {
        ...args,
        location,
        prefix: hub.prefix,
        routes: hub.routes,
        waitSeconds: hub.routeWaitSeconds,
    });
    return { hub: routes.hub, output: Object.fromEntries(routes.addresses) };
}
