import * as deviceprovisioning from "@pulumi/azure-native/deviceprovisioningservices";
import * as iothub from "@pulumi/azure-native/iothub";
import * as pulumi from "@pulumi/pulumi";
import { assignDataRole, Deployer, roles } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { retriedWrite } from "../azure/retriedWrite";
import { uniqueName } from "../azure/uniqueName";

/** A hub that devices may be sent to. */
export interface LinkedHub {
    readonly resourceGroupName: pulumi.Input<string>;
    readonly hubName: pulumi.Input<string>;
    readonly hostName: pulumi.Input<string>;
    /** The shared access policy that the service logs in with. */
    readonly policy: string;
    /** Its key; left out for a hub of another stack, which is asked for it. */
    readonly key?: pulumi.Input<string>;
    readonly location: string;
    readonly weight: number;
}

/** Arguments of a {@link ProvisioningService}. */
export interface ProvisioningServiceArgs {
    readonly resourceGroupName: pulumi.Input<string>;
    readonly location: string;
    /** Exact name, unique in the world; left out: `prefix` and six random characters. */
    readonly serviceName: string | undefined;
    readonly prefix: string;
    readonly units: number;
    readonly allocationPolicy: "Hashed" | "GeoLatency" | "Static";
    readonly linkedHubs: readonly LinkedHub[];
    /** Who deploys, to be given the data-plane role; left out when it is granted elsewhere. */
    readonly deployer?: Deployer;
    /** Whether the service or a hub that it is linked to is made by this run. */
    readonly isNew: boolean;
}

/** A Device Provisioning Service, linked to hubs by the connection strings of their least sufficient policies. */
export class ProvisioningService extends pulumi.ComponentResource {
    /** ARM resource ID. */
    readonly serviceId: pulumi.Output<string>;
    readonly serviceName: pulumi.Output<string>;
    /** Host name of the service API. */
    readonly hostName: pulumi.Output<string>;
    /** Host name that devices register at. */
    readonly deviceHostName: pulumi.Output<string>;
    /** What devices name when they register, e.g. `0ne00A1B2C3`. */
    readonly idScope: pulumi.Output<string>;
    /** What must exist before the data plane can be used. */
    readonly ready: pulumi.Resource[];

    constructor(
        name: string,
        args: ProvisioningServiceArgs,
        options?: pulumi.ComponentResourceOptions,
    ) {
        super("iot-x509:dps:ProvisioningService", name, {}, options);
        const child = { parent: this };
        const service = new deviceprovisioning.IotDpsResource(
            `${name}-service`,
            {
                resourceGroupName: args.resourceGroupName,
                location: args.location,
                provisioningServiceName: args.serviceName ?? uniqueName(name, args.prefix, this),
                sku: { name: "S1", capacity: args.units },
                properties: {
                    allocationPolicy: args.allocationPolicy,
                    iotHubs: args.linkedHubs.map(link),
                },
            },
            {
                ...child,
                protect: options?.protect,
                // Of its properties alone these two are set by the service; azure-native has them as inputs.
                ignoreChanges: ["properties.state", "properties.provisioningState"],
                ...(args.isNew && retriedWrite(`${name}-service`)),
            },
        );
        this.serviceId = service.id;
        this.serviceName = service.id.apply(nameIn);
        // The links' connection strings make all properties secret; these three are not.
        const properties = pulumi.unsecret(service.properties);
        this.hostName = properties.serviceOperationsHostName;
        this.deviceHostName = properties.deviceProvisioningHostName;
        this.idScope = properties.idScope;
        this.ready = [service];
        if (args.deployer !== undefined) {
            this.ready.push(
                assignDataRole(
                    `${name}-deployer-role`,
                    roles.dpsDataContributor,
                    service.id,
                    args.deployer,
                    child,
                ),
            );
        }
        this.registerOutputs({ serviceId: this.serviceId, idScope: this.idScope });
    }
}

function link(hub: LinkedHub) {
    const key = hub.key ?? keyOf(hub);
    const connectionString = pulumi.interpolate`HostName=${hub.hostName};SharedAccessKeyName=${hub.policy};SharedAccessKey=${key}`;
    return {
        connectionString: pulumi.secret(connectionString),
        location: hub.location,
        allocationWeight: hub.weight,
        applyAllocationPolicy: true,
    };
}

function keyOf({ resourceGroupName, hubName, policy }: LinkedHub): pulumi.Output<string> {
    return iothub
        .listIotHubResourceKeysForKeyNameOutput({
            resourceGroupName,
            resourceName: hubName,
            keyName: policy,
        })
        .apply(({ primaryKey }) => primaryKey ?? "");
}
