import * as pulumi from "@pulumi/pulumi";
import { isSameResourceName } from "../components/azure/sameName";
import { EventHubRoutes } from "../components/iothub/eventHubRoutes";
import { OwnRouting } from "../components/iothub/ownRouting";
import { knownValue } from "../components/inputs/knownValue";
import { presentPlace } from "./presentPlace";
import { Outputs, PreviousState } from "./previousState";
import { RouteSettings, Settings } from "./settings";
import { userError } from "./userError";

const label = "iot-routes";
const eventHubType = "azure-native:eventhub:EventHub";
const consumerGroupType = "azure-native:eventhub:ConsumerGroup";

/** Where device messages go in addition to the hub's built-in endpoint. */
export interface Routes {
    /** Routing to set on the hub. */
    readonly hub: OwnRouting | undefined;
    /** What the stack's outputs show of the routes; undefined if it never had any. */
    readonly output: pulumi.Inputs | undefined;
}

/**
 * Declares what the routes of the settings need.
 *
 * @throws pulumi.RunError if a name differs from a present one only in case: Azure would find the present one in the way
 */
export async function createRoutes(
    settings: Settings,
    args: {
        readonly resourceGroupName: pulumi.Input<string>;
        readonly subscriptionId: string;
        readonly hubDomain: string;
    },
    previous: PreviousState,
): Promise<Routes> {
    const { hub, location } = settings;
    refuseOtherCase(hub.routes, previous);
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
    const routes = new EventHubRoutes(label, {
        ...args,
        location,
        prefix: hub.prefix,
        isNamespacePresent: isNamespacePresent(settings, previous),
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

/** A namespace keeps its name when `hub.prefix` changes: with another name it would lose all events. */
function isNamespacePresent(settings: Settings, previous: PreviousState): boolean {
    const recorded = previous.find("azure-native:eventhub:Namespace", `${label}-namespace`);
    const naming = { name: recorded && String(recorded.name), prefix: settings.hub.prefix };
    return (
        recorded !== undefined &&
        presentPlace(settings, naming, "iot", recorded, previous) !== undefined
    );
}

function refuseOtherCase(routes: readonly RouteSettings[], previous: PreviousState): void {
    for (const { name, eventHub } of routes) {
        if (eventHub.kind === "own") {
            const made = `${label}-${name}`;
            refusePresent(name, name, previous.all(eventHubType), made);
            for (const group of eventHub.consumerGroups) {
                refusePresent(name, group, previous.all(consumerGroupType), `${made}-${group}`);
            }
        }
    }
}

/** @param resource the name of the resource with the wanted name */
function refusePresent(
    route: string,
    wanted: string,
    present: ReadonlyMap<string, Outputs>,
    resource: string,
): void {
    const found = [...present].find(([one]) => isSameResourceName(one, resource));
    if (found !== undefined && !present.has(resource)) {
        const other = String(found[1].name);
        throw userError(
            `iot-x509:hub.routes.${route}: the stack has "${other}", and Azure does not tell "${wanted}" from it: keep "${other}", or ` +
                `choose another name`,
        );
    }
}
