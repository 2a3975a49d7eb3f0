import * as iothub from "@pulumi/azure-native/iothub";
import * as pulumi from "@pulumi/pulumi";
import { assignDataRole, checkedDeployer, DeployerArgs, roles } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { retriedWrite } from "../azure/retriedWrite";
import { uniqueName } from "../azure/uniqueName";
import { mostUnits } from "../azure/serviceLimits";
import { own, stableJson } from "../dynamic/values";
import {
    ArgumentChecks,
    exactName,
    matching,
    namePrefix,
    oneOf,
    region,
    someText,
    wholeNumber,
} from "../inputs/componentArgs";
import { isAsDeclared, keptProperties, mergeParts } from "./hubParts";
import { isRouted, OwnRouting, withOthers } from "./ownRouting";
import { PresentHub } from "./presentHub";
import { policiesOf, policySecret, provisioningKey, SharedAccessPolicy } from "./sharedAccess";

/** Arguments of a {@link Hub}. */
export interface HubArgs {
    /** Resource group that holds the hub, e.g. `rg-iot-prod`. */
    readonly resourceGroupName: pulumi.Input<string>;
    /** Azure region, e.g. `westeurope`. */
    readonly location: pulumi.Input<string>;
    /** Domain of the cloud's hubs, e.g. `azure-devices.net`. */
    readonly domain: pulumi.Input<string>;
    /**
     * Exact name, unique in Azure, 3 to 50 characters, e.g. `contoso-iot-prod`. Default: {@link prefix} and six random
     * characters. Whether it is set must be known at construction, because a resource depends on it.
     */
    readonly hubName?: pulumi.Input<string>;
    /** Start of the name, 1 to 40 characters, e.g. `iot-dev`. Unused with {@link hubName}. */
    readonly prefix: pulumi.Input<string>;
    /** Tier: `F1`, `S1`, `S2` or `S3`. Plain, because it decides whether an existing hub is written. */
    readonly sku: string;
    /** Units of the tier, 1 to 200 (`F1`: 1, `S3`: 10), e.g. `2`. Plain, as {@link sku}. */
    readonly units: number;
    /** Lowest TLS version that the hub accepts: `1.2`. A hub keeps the version that it was created with. */
    readonly minTlsVersion: pulumi.Input<string>;
    /** Whether shared access keys and signatures work in addition to Entra and X.509, e.g. `false`. Plain, as {@link sku}. */
    readonly localAuth: boolean;
    /** Whether a provisioning service signs in with a shared access policy of its own, e.g. `true`. Plain, as {@link sku}. */
    readonly isLinked: boolean;
    /**
     * The existing hub of this name, which keeps its name's spelling: another case would replace it. Default: the run creates
     * it. Plain, as {@link sku}.
     */
    readonly present?: PresentHub;
    /**
     * Message routing and the identity that it sends with, e.g. from {@link EventHubRoutes}. Default: the hub keeps what it
     * has. Plain, as {@link sku}; the declared parts may hold outputs.
     */
    readonly routes?: OwnRouting;
    /**
     * The deploying principal, which is granted the data-plane role. Default: the role is granted elsewhere. Whether it is set
     * must be known at construction, because a resource depends on it.
     */
    readonly deployer?: DeployerArgs;
}

/**
 * An IoT hub and, unless it is granted elsewhere, the data-plane role that the deploying principal needs to write device
 * identities: the Azure role Owner alone has no data actions.
 */
export class Hub extends pulumi.ComponentResource {
    /** ARM resource ID. */
    readonly hubId: pulumi.Output<string>;
    readonly hubName: pulumi.Output<string>;
    /** `<name>.azure-devices.net`. */
    readonly hostName: pulumi.Output<string>;
    /** Secret key of the provisioning service's policy; undefined if no service is linked, or this login may not read it. */
    readonly provisioningKey: pulumi.Output<string> | undefined;
    /** What must exist before the data plane can be used. */
    readonly ready: pulumi.Resource[];

    constructor(name: string, given: HubArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:iothub:Hub", name, {}, options);
        const args = checkedArgs(name, given);
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
        // Derived from the ID, which the preview of an update knows, unlike the service's other outputs. Otherwise the preview
        // would also announce changes to the resources on the hub.
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

function checkedArgs(name: string, args: HubArgs): HubArgs {
    const checks = new ArgumentChecks(`Hub "${name}"`);
    const { sku } = args;
    const checked = {
        ...args,
        resourceGroupName: checks.input("resourceGroupName", args.resourceGroupName, someText),
        location: checks.input("location", args.location, region),
        domain: checks.input("domain", args.domain, domainName),
        hubName: checks.input("hubName", args.hubName, exactName(50)),
        prefix: checks.input("prefix", args.prefix, namePrefix(40)),
        minTlsVersion: checks.input("minTlsVersion", args.minTlsVersion, oneOf(["1.2"])),
        deployer: checkedDeployer(checks, args.deployer),
    };
    checks.plain("sku", sku, oneOf(Object.keys(mostUnits)));
    const most = own(mostUnits, sku) ?? 200;
    checks.plain("units", args.units, wholeNumber(1, most, `units of ${sku}`));
    checks.done();
    return checked;
}

const domainName = matching(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, "a domain, e.g. azure-devices.net");

/** The arguments that decide how an existing hub is handled. */
export type PresentHubArgs = Pick<
    HubArgs,
    "sku" | "units" | "localAuth" | "isLinked" | "routes"
> & { readonly present: PresentHub };

/**
 * Which keys of a hub's policies are needed: `all` if the hub is written, because a PUT carries them; `link` if a
 * provisioning service logs in with one.
 */
export function keysNeeded(args: PresentHubArgs): "all" | "link" | undefined {
    return isSettled(args) ? (args.isLinked ? "link" : undefined) : "all";
}

type HubBody = Pick<iothub.IotHubResourceArgs, "sku" | "identity" | "tags" | "properties">;

const keptPaths = ["identity", "tags", ...keptProperties.map((name) => `properties.${name}`)];
const namePath = "resourceName";
const policiesPath = "properties.authorizationPolicies";

/**
 * The hub as declared. A PUT carries the whole hub, so an existing hub is written together with everything else that it
 * has, and a preview announces exactly that write. A run that has nothing to change does not look at what else the hub
 * has: what others do to their parts of it is not a difference.
 */
function declaredHub(
    args: HubArgs,
    policies: pulumi.Output<SharedAccessPolicy[] | undefined>,
): {
    readonly body: HubBody;
    readonly ignoreChanges: string[];
    /** Whether the run changes an existing hub. */
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
            ignoreChanges: [namePath, ...keptPaths, policiesPath],
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
        ignoreChanges: [namePath],
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

/** Whether the last run left the hub as declared. */
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
