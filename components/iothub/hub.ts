import * as iothub from "@pulumi/azure-native/iothub";
import * as pulumi from "@pulumi/pulumi";
import { assignDataRole, Deployer, roles } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { uniqueName } from "../azure/uniqueName";
import { HubRouting } from "./eventHubRoutes";
import { linkedPolicies, policySecret, provisioningKey, SharedAccessPolicy } from "./sharedAccess";

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
    /** Shared access policies that the hub has, to be kept beside that one with `localAuth`. */
    readonly presentPolicies?: readonly SharedAccessPolicy[];
    /** Message routing, and the identity that it sends with; left out: the hub's settings of these are not touched. */
    readonly routes?: Partial<HubRouting>;
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
    /** Secret key of the provisioning service's policy; undefined when none is linked. */
    readonly provisioningKey: pulumi.Output<string> | undefined;
    /** What must exist before the data plane can be used. */
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: HubArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:iothub:Hub", name, {}, options);
        const child = { parent: this };
        const secret = args.isLinked ? policySecret(name, this) : undefined;
        this.provisioningKey = secret && provisioningKey(secret);
        const hub = new iothub.IotHubResource(
            `${name}-hub`,
            {
                resourceGroupName: args.resourceGroupName,
                location: args.location,
                resourceName: args.hubName ?? uniqueName(name, args.prefix, this),
                sku: { name: args.sku, capacity: args.units },
                ...(args.routes?.identity && { identity: args.routes.identity }),
                properties: {
                    ...(args.routes?.routing && { routing: args.routes.routing }),
                    minTlsVersion: args.minTlsVersion,
                    disableLocalAuth: !args.localAuth && !args.isLinked,
                    disableDeviceSAS: !args.localAuth,
                    disableModuleSAS: !args.localAuth,
                    ...(secret && {
                        authorizationPolicies: linkedPolicies(
                            secret,
                            args.localAuth,
                            args.presentPolicies ?? [],
                        ),
                    }),
                },
            },
            { ...child, protect: options?.protect },
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
