import * as pulumi from "@pulumi/pulumi";
import { EventHubRoutes } from "../components/iothub/eventHubRoutes";
import { OwnRouting } from "../components/iothub/ownRouting";
import { knownValue } from "../components/inputs/knownValue";
import { PreviousState } from "./previousState";
import { Settings } from "./settings";

/** Where device messages go in addition to the hub's built-in endpoint. */
export interface Routes {
    /** Routing to set on the hub. */
    readonly hub: OwnRouting | undefined;
    /** What the stack's outputs show of the routes; undefined if it never had any. */
    readonly output: pulumi.Inputs | undefined;
}

/** Declares what the routes of the settings need. */
export async function createRoutes(
    { hub, location }: Settings,
    args: {
        readonly resourceGroupName: pulumi.Input<string>;
        readonly subscriptionId: string;
        readonly hubDomain: string;
    },
    previous: PreviousState,
): Promise<Routes> {
    const former = previous.outputs["routes"] as Readonly<Record<string, unknown>> | undefined;
    const identities = [
        ...previous.all("azure-native:managedidentity:UserAssignedIdentity").values(),
    ];
    const formerly = {
        names: Object.keys(former ?? {}),
        formerIdentities: identities.map(({ name }) => String(name)),
    };
    if (hub.routes.length === 0) {
        return former === undefined
            ? { hub: undefined, output: undefined }
            : { hub: { ...formerly, declared: {}, known: {} }, output: {} };
    }
    const routes = new EventHubRoutes("iot-routes", {
        ...args,
        location,
        prefix: hub.prefix,
        routes: hub.routes,
        waitSeconds: hub.routeWaitSeconds,
    });
    const known = await knownValue(pulumi.output(routes.hub));
    return {
        hub: {
            declared: routes.hub,
            names: [...formerly.names, ...hub.routes.map(({ name }) => name)],
            formerIdentities: formerly.formerIdentities,
            known: known as OwnRouting["known"],
        },
        output: Object.fromEntries(routes.addresses),
    };
}
