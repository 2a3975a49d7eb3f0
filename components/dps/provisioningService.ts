import * as deviceprovisioning from "@pulumi/azure-native/deviceprovisioningservices";
import * as pulumi from "@pulumi/pulumi";
import { assignDataRole, Deployer, roles } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { retriedWrite } from "../azure/retriedWrite";
import { uniqueName } from "../azure/uniqueName";
import { mergeParts } from "../iothub/hubParts";
import {
    isServiceSettled,
    keptServiceProperties,
    keyDigest,
    KnownLink,
    PresentService,
    ServicePolicy,
} from "./presentService";

/** A hub that devices may be sent to. */
export interface LinkedHub {
    readonly hostName: pulumi.Input<string>;
    /** The shared access policy that the service logs in with. */
    readonly policy: string;
    /** Its key; undefined: this login may not read it, and the link that is there stays as it is. */
    readonly key: pulumi.Input<string> | undefined;
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
    /** The service as it is, when it is there already. */
    readonly present?: PresentService;
    /** The links, as far as they are known before the run; left out: the hub is made by this run. */
    readonly knownLinks?: readonly KnownLink[];
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
        const { body, ignoreChanges } = declaredService(args);
        const service = new deviceprovisioning.IotDpsResource(
            `${name}-service`,
            {
                resourceGroupName: args.resourceGroupName,
                location: args.location,
                provisioningServiceName: args.serviceName ?? uniqueName(name, args.prefix, this),
                ...body,
            },
            {
                ...child,
                protect: options?.protect,
                ignoreChanges,
                ...(args.isNew && retriedWrite(`${name}-service`)),
            },
        );
        this.serviceId = service.id;
        this.serviceName = service.id.apply(nameIn);
        // The links' connection strings make all properties secret; these three are not.
        const properties = pulumi.unsecret(service.properties);
        // They never change while the service stays: the preview of an update knows them from the state, and the ID.
        const recorded = pulumi.runtime.isDryRun() ? args.present?.recorded.properties : undefined;
        const known = (value: string | undefined, answered: pulumi.Output<string>) =>
            value === undefined ? answered : service.id.apply(() => value);
        this.hostName = known(
            recorded?.serviceOperationsHostName,
            properties.serviceOperationsHostName,
        );
        this.deviceHostName = known(
            recorded?.deviceProvisioningHostName,
            properties.deviceProvisioningHostName,
        );
        this.idScope = known(recorded?.idScope, properties.idScope);
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
        this.registerOutputs({
            serviceId: this.serviceId,
            idScope: this.idScope,
            linkDigests: linkDigests(args, service.id),
        });
    }
}

type ServiceBody = Pick<
    deviceprovisioning.IotDpsResourceArgs,
    "sku" | "identity" | "tags" | "properties"
>;

/** Of its properties alone these two are set by the service; azure-native has them as inputs. */
const servicesOwn = ["properties.state", "properties.provisioningState"];
const othersPaths = [
    ...["identity", "tags", "properties.authorizationPolicies"],
    ...keptServiceProperties.map((name) => `properties.${name}`),
];

/**
 * The service as it is declared: one that is there already is written with everything that it has beside, as a hub is. In a
 * run that has nothing to change, what it has beside is not looked at.
 */
function declaredService(args: ProvisioningServiceArgs): {
    readonly body: ServiceBody;
    readonly ignoreChanges: string[];
} {
    const { units, allocationPolicy, linkedHubs, present } = args;
    const declared = {
        sku: { name: "S1", capacity: units },
        properties: { allocationPolicy },
    };
    const iotHubs = linkedHubs.map(link);
    const keptLinks = linkedHubs.flatMap(({ key }, index) =>
        key === undefined ? [`properties.iotHubs[${index}].connectionString`] : [],
    );
    const ignoreChanges = [...servicesOwn, ...keptLinks];
    if (present === undefined || isSettledService(args)) {
        return {
            body: { ...declared, properties: { ...declared.properties, iotHubs } },
            ignoreChanges:
                present === undefined ? ignoreChanges : [...ignoreChanges, ...othersPaths],
        };
    }
    const whole = mergeParts(present.parts, declared) as ServiceBody;
    const authorizationPolicies = pulumi.secret(
        (present.policies ?? pulumi.unknown) as ServicePolicy[],
    );
    return {
        body: {
            ...whole,
            properties: { ...whole.properties, iotHubs, authorizationPolicies },
        },
        ignoreChanges,
    };
}

/** Whether the last run has left the service as it is declared: then its policies are not written. */
export function isSettledService({
    units,
    allocationPolicy,
    present,
    knownLinks,
}: Pick<
    ProvisioningServiceArgs,
    "units" | "allocationPolicy" | "present" | "knownLinks"
>): boolean {
    const declared = { sku: { name: "S1", capacity: units }, properties: { allocationPolicy } };
    return (
        present !== undefined &&
        knownLinks !== undefined &&
        isServiceSettled(present, declared, knownLinks)
    );
}

/** What the run has linked the service with, once it has. */
function linkDigests(
    { linkedHubs, present }: ProvisioningServiceArgs,
    written: pulumi.Output<string>,
): pulumi.Output<Record<string, string>> {
    const links = linkedHubs.map(({ hostName, key }) => ({ hostName, key: key ?? "" }));
    const digests = pulumi
        .all([links, written])
        .apply(([all]) =>
            Object.fromEntries(
                all.map(({ hostName, key }) => [
                    hostName,
                    key === "" ? (present?.digests[hostName] ?? "") : keyDigest(key),
                ]),
            ),
        );
    return pulumi.unsecret(digests);
}

function link({ hostName, policy, key, location, weight }: LinkedHub) {
    const connectionString = pulumi.interpolate`HostName=${hostName};SharedAccessKeyName=${policy};SharedAccessKey=${key ?? ""}`;
    return {
        connectionString: pulumi.secret(connectionString),
        location,
        allocationWeight: weight,
        applyAllocationPolicy: true,
    };
}
