import * as authorization from "@pulumi/azure-native/authorization";
import * as iothub from "@pulumi/azure-native/iothub";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Built-in role "IoT Hub Data Contributor" (Azure docs: role-based-access-control/built-in-roles). */
export const dataContributorRole = "4fc6c259-987e-4a07-842e-c321cc9d413f";

/** Arguments of a {@link Hub}. */
export interface HubArgs {
    readonly resourceGroupName: pulumi.Input<string>;
    readonly location: string;
    /** Exact name, unique in the world; left out: `prefix` and six random characters. */
    readonly hubName: string | undefined;
    readonly prefix: string;
    readonly sku: string;
    readonly units: number;
    readonly minTlsVersion: string;
    /** Whether shared access keys and signatures are accepted beside Entra and X.509. */
    readonly localAuth: boolean;
    /** Who deploys, to be given the data-plane role; left out when it is granted elsewhere. */
    readonly deployer?: Deployer;
}

/** A principal that may hold a role. */
export interface Deployer {
    readonly objectId: string;
    readonly subscriptionId: string;
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
    /** What must exist before the data plane can be used. */
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: HubArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:iothub:Hub", name, {}, options);
        const child = { parent: this };
        const hub = new iothub.IotHubResource(
            `${name}-hub`,
            {
                resourceGroupName: args.resourceGroupName,
                location: args.location,
                resourceName: args.hubName ?? this.randomName(name, args.prefix),
                sku: { name: args.sku, capacity: args.units },
                properties: {
                    minTlsVersion: args.minTlsVersion,
                    disableLocalAuth: !args.localAuth,
                    disableDeviceSAS: !args.localAuth,
                    disableModuleSAS: !args.localAuth,
                },
            },
            { ...child, protect: options?.protect },
        );
        this.hubId = hub.id;
        this.hubName = hub.name;
        this.hostName = hub.properties.hostName;
        this.ready = [hub];
        if (args.deployer !== undefined) {
            this.ready.push(dataRole(`${name}-deployer-role`, hub.id, args.deployer, child));
        }
        this.registerOutputs({ hubId: this.hubId, hostName: this.hostName });
    }

    private randomName(name: string, prefix: string): pulumi.Output<string> {
        const suffix = new random.RandomString(
            `${name}-suffix`,
            { length: 6, upper: false, special: false },
            { parent: this },
        );
        return pulumi.interpolate`${prefix}-${suffix.result}`;
    }
}

/** The first to deploy holds the role; that another principal deploys later takes nothing from them. */
function dataRole(
    name: string,
    scope: pulumi.Output<string>,
    deployer: Deployer,
    options: pulumi.CustomResourceOptions,
): authorization.RoleAssignment {
    return new authorization.RoleAssignment(
        name,
        {
            scope,
            principalId: deployer.objectId,
            roleDefinitionId: roleDefinitionId(deployer.subscriptionId, dataContributorRole),
        },
        { ...options, ignoreChanges: ["principalId", "principalType"] },
    );
}

/** ARM resource ID of a built-in role. */
export function roleDefinitionId(subscriptionId: string, role: string): string {
    return `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
}
