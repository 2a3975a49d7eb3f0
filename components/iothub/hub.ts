import * as iothub from "@pulumi/azure-native/iothub";
import * as pulumi from "@pulumi/pulumi";
import { assignDataRole, Deployer, roles } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { retriedWrite } from "../azure/retriedWrite";
import { uniqueName } from "../azure/uniqueName";
import { stableJson } from "../dynamic/values";
import { isAsDeclared, keptProperties, mergeParts } from "./hubParts";
import { isRouted, OwnRouting, withOthers } from "./ownRouting";
import { PresentHub } from "./presentHub";
import { policiesOf, policySecret, provisioningKey, SharedAccessPolicy } from "./sharedAccess";

/** Arguments of a {@link Hub}. */
export interface HubArgs {
    readonly resourceGroupName: pulumi.Input<string>;
    readonly location: string;
    /** Of hubs' host names in the cloud, e.g. `azure-devices.net`. */
    readonly domain: string;
    /** Exact name, unique in the world; left out: `prefix` and six random characters. */
    readonly hubName: string | undefined;
    readonly prefix: string;
    readonly sku: string;
    readonly units: number;
    readonly minTlsVersion: string;
    /** Whether shared access keys and signatures are accepted beside Entra and X.509. */
    readonly localAuth: boolean;
    /** Whether a provisioning service logs in, by a shared access policy of its own. */
    readonly isLinked: boolean;
    /** The hub as it is, when it is there already. */
    readonly present?: PresentHub;
    /** Message routing, and the identity that it sends with; left out: the hub's settings of these are not touched. */
    readonly routes?: OwnRouting;
    /** Who deploys, to be given the data-plane role; left out when it is granted elsewhere. */
    readonly deployer?: Deployer;
}

/**
 * An IoT hub and, unless it is granted elsewhere, the data-plane role that whoever deploys needs to write device
 * identities: the Azure role Owner alone has no data actions.
 */
export class Hub extends pulumi.ComponentResource {
    /** ARM resource ID. */
    readonly hubId: pulumi.Output<string>;
    readonly hubName: pulumi.Output<string>;
    /** `<name>.azure-devices.net`. */
    readonly hostName: pulumi.Output<string>;
    /** Secret key of the provisioning service's policy; undefined when none is linked, or this login may not read it. */
    readonly provisioningKey: pulumi.Output<string> | undefined;
    /** What must exist before the data plane can be used. */
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: HubArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:iothub:Hub", name, {}, options);
        const child = { parent: this };
        const secret = args.isLinked ? policySecret(name, this) : undefined;
        const arePoliciesUnread = args.present !== undefined && args.present.policies === undefined;
        const policies = arePoliciesUnread
            ? pulumi.output(pulumi.unknown as SharedAccessPolicy[])
            : pulumi
                  .output(secret)
                  .apply((text) => policiesOf(text, { ...args, present: args.present?.policies }));
        this.provisioningKey =
            secret && !arePoliciesUnread
                ? pulumi.secret(policies.apply((all) => provisioningKey(all ?? [])))
                : undefined;
        const { body, ignoreChanges, isWritten } = declaredHub(args, pulumi.secret(policies));
        const hub = new iothub.IotHubResource(
            `${name}-hub`,
            {
                resourceGroupName: args.resourceGroupName,
                location: args.location,
                resourceName: args.hubName ?? uniqueName(name, args.prefix, this),
                ...body,
            },
            {
                ...child,
                protect: options?.protect,
                ignoreChanges,
                ...(isWritten && retriedWrite(`${name}-hub`)),
            },
        );
        this.hubId = hub.id;
        // From the ID, which is known in the preview of an update, unlike all that the service answers: or what stands on
        // the hub would be announced to change, too.
        this.hubName = hub.id.apply(nameIn);
        this.hostName = pulumi.interpolate`${this.hubName}.${args.domain}`;
        this.ready = [hub];
        if (args.deployer !== undefined) {
            const { hubDataContributor } = roles;
            this.ready.push(
                assignDataRole(
                    `${name}-deployer-role`,
                    hubDataContributor,
                    hub.id,
                    args.deployer,
                    child,
                ),
            );
        }
        this.registerOutputs({ hubId: this.hubId, hostName: this.hostName });
    }
}

/** What decides about a hub that is there already. */
export type PresentHubArgs = Pick<
    HubArgs,
    "sku" | "units" | "localAuth" | "isLinked" | "routes"
> & { readonly present: PresentHub };

/**
 * Whether the keys of a hub's policies are needed: `all` where the hub is written, because a PUT carries them; `link` where
 * a provisioning service logs in with one.
 */
export function keysNeeded(args: PresentHubArgs): "all" | "link" | undefined {
    return isSettled(args) ? (args.isLinked ? "link" : undefined) : "all";
}

type HubBody = Pick<iothub.IotHubResourceArgs, "sku" | "identity" | "tags" | "properties">;

const keptPaths = ["identity", "tags", ...keptProperties.map((name) => `properties.${name}`)];
const policiesPath = "properties.authorizationPolicies";

/**
 * The hub as it is declared. A PUT carries the whole hub, so one that is there already is written with everything that it
 * has beside, and a preview announces that write as it will be. In a run that has nothing to change, what the hub has
 * beside is not looked at: what others do to their parts of it is no difference.
 */
function declaredHub(
    args: HubArgs,
    policies: pulumi.Output<SharedAccessPolicy[] | undefined>,
): {
    readonly body: HubBody;
    readonly ignoreChanges: string[];
    /** Whether the run changes a hub that is there. */
    readonly isWritten: boolean;
} {
    const { sku, isLinked, present, routes } = args;
    const declared = declaredAlways(args);
    if (present === undefined) {
        const properties = {
            ...declared.properties,
            minTlsVersion: args.minTlsVersion,
            // The key "events" has to be present (azure-rest-api-specs, IotHubProperties); the values are `az iot hub create`'s.
            eventHubEndpoints: {
                events: { retentionTimeInDays: 1, partitionCount: sku === "F1" ? 2 : 4 },
            },
            ...(isLinked && { authorizationPolicies: policies }),
            ...(routes?.declared.routing && { routing: routes.declared.routing }),
        };
        const identity = routes?.declared.identity;
        const body = { ...declared, ...(identity && { identity }), properties };
        return { body, ignoreChanges: [], isWritten: false };
    }
    const { minTlsVersion } = present.recorded.properties ?? {};
    const properties = { ...declared.properties, ...(minTlsVersion && { minTlsVersion }) };
    if (isSettled({ ...args, present })) {
        return {
            body: { ...declared, properties },
            ignoreChanges: [...keptPaths, policiesPath],
            isWritten: false,
        };
    }
    const { identity, routing } =
        routes === undefined || isRouted(routes, present.recorded)
            ? {}
            : withOthers(routes, { identity: present.parts.identity, ...present.parts.properties });
    const routed = (body: HubBody): HubBody => ({
        ...body,
        ...(identity && { identity }),
        properties: {
            ...body.properties,
            ...(routing && { routing }),
        },
    });
    const whole = mergeParts(present.parts, { ...declared, properties }) as HubBody;
    return {
        body: routed({
            ...whole,
            properties: { ...whole.properties, authorizationPolicies: policies },
        }),
        ignoreChanges: [],
        isWritten: true,
    };
}

function declaredAlways({ sku, units, localAuth, isLinked }: Omit<PresentHubArgs, "present">) {
    return {
        sku: { name: sku, capacity: units },
        properties: {
            disableLocalAuth: !localAuth && !isLinked,
            disableDeviceSAS: !localAuth,
            disableModuleSAS: !localAuth,
        },
    };
}

/** Whether the last run has left the hub as it is declared. */
function isSettled(args: PresentHubArgs): boolean {
    const { isLinked, present, routes } = args;
    const isLinkSettled =
        present.policies === undefined
            ? !isLinked || present.wasLinked
            : named(present.policies) ===
              named(policiesOf("", { ...args, present: present.policies }));
    return (
        isLinkSettled &&
        isAsDeclared(present.recorded, declaredAlways(args)) &&
        (routes === undefined || isRouted(routes, present.recorded))
    );
}

function named(all: readonly SharedAccessPolicy[] = []): string {
    return stableJson(all.map(({ keyName, rights }) => `${keyName}: ${rights}`).sort());
}
