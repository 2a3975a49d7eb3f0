import * as deviceprovisioning from "@pulumi/azure-native/deviceprovisioningservices";
import * as pulumi from "@pulumi/pulumi";
import { assignDataRole, checkedDeployer, DeployerArgs, roles } from "../azure/dataPlaneRole";
import { nameIn } from "../azure/resourceId";
import { retriedWrite } from "../azure/retriedWrite";
import { serviceLimits } from "../azure/serviceLimits";
import { uniqueName } from "../azure/uniqueName";
import {
    ArgumentChecks,
    exactName,
    namePrefix,
    oneOf,
    region,
    someText,
    wholeNumber,
} from "../inputs/componentArgs";
import { mergeParts } from "../iothub/hubParts";
import {
    isServiceSettled,
    keptServiceProperties,
    keyDigest,
    KnownLink,
    PresentService,
    ServicePolicy,
} from "./presentService";

/** A hub that devices may be assigned to. */
export interface LinkedHub {
    /** Host name of the hub, e.g. `contoso-iot.azure-devices.net`. */
    readonly hostName: pulumi.Input<string>;
    /** Shared access policy that the service signs in with, e.g. `iot-x509-dps`. */
    readonly policy: pulumi.Input<string>;
    /**
     * Key of the policy, base64, a secret. Undefined if the deployer may not read it: the existing link then stays. Whether
     * there is one is decided at construction, because the options of a resource depend on it.
     */
    readonly key: pulumi.Input<string> | undefined;
    /** Azure region of the hub, e.g. `westeurope`. */
    readonly location: pulumi.Input<string>;
    /** Share of the devices among hashed hubs, 0 to 1000, e.g. `1`. */
    readonly weight: pulumi.Input<number>;
}

type AllocationPolicy = "Hashed" | "GeoLatency" | "Static";

/** Arguments of a {@link ProvisioningService}. */
export interface ProvisioningServiceArgs {
    /** Resource group that holds the service, e.g. `rg-iot-prod`. */
    readonly resourceGroupName: pulumi.Input<string>;
    /** Azure region, e.g. `westeurope`. */
    readonly location: pulumi.Input<string>;
    /**
     * Exact name, unique in Azure, 3 to 64 characters, e.g. `contoso-dps-prod`. Default: {@link prefix} and six random
     * characters. Whether there is one is decided at construction, because a resource depends on it.
     */
    readonly serviceName?: pulumi.Input<string>;
    /** Start of the name, 1 to 50 characters, e.g. `iot-dps`. Unused with {@link serviceName}. */
    readonly prefix: pulumi.Input<string>;
    /** Units of the tier S1, e.g. `1`. Plain, because it decides whether an existing service is written. */
    readonly units: number;
    /** How devices are distributed among the linked hubs, e.g. `Hashed`. Plain, as {@link units}. */
    readonly allocationPolicy: AllocationPolicy;
    /**
     * Hubs that devices are assigned to, 1 to 50. The list is plain, because its length decides which paths are ignored.
     */
    readonly linkedHubs: readonly LinkedHub[];
    /**
     * The deployer, to be granted the data-plane role. Default: the role is granted elsewhere. Whether there is one is
     * decided at construction, because a resource depends on it.
     */
    readonly deployer?: DeployerArgs;
    /**
     * Whether the run creates the service or a hub that it is linked to. Plain, because it decides the resource's options.
     */
    readonly isNew: boolean;
    /**
     * The service of this name as the run finds it, which keeps its name's spelling: another case would replace it. Default:
     * the run creates it. Plain, as {@link units}.
     */
    readonly present?: PresentService;
    /** The links as far as they are known before the run. Default: the run creates the hub. Plain, as {@link units}. */
    readonly knownLinks?: readonly KnownLink[];
}

/** A Device Provisioning Service, linked to hubs by connection strings of their policies with the fewest permissions. */
export class ProvisioningService extends pulumi.ComponentResource {
    /** ARM resource ID. */
    readonly serviceId: pulumi.Output<string>;
    readonly serviceName: pulumi.Output<string>;
    /** Host name of the service API. */
    readonly hostName: pulumi.Output<string>;
    /** Host name that devices register at. */
    readonly deviceHostName: pulumi.Output<string>;
    /** ID scope that devices send when they register, e.g. `0ne00A1B2C3`. */
    readonly idScope: pulumi.Output<string>;
    /** Resources that must exist before the data plane can be used. */
    readonly ready: pulumi.Resource[];

    constructor(
        name: string,
        given: ProvisioningServiceArgs,
        options?: pulumi.ComponentResourceOptions,
    ) {
        super("iot-x509:dps:ProvisioningService", name, {}, options);
        const args = checkedArgs(name, given);
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
        // The connection strings of the links make all properties secret, but these three are not.
        const properties = pulumi.unsecret(service.properties);
        // They never change while the service exists, so the preview of an update takes them, and the ID, from the state.
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

function checkedArgs(name: string, args: ProvisioningServiceArgs): ProvisioningServiceArgs {
    const checks = new ArgumentChecks(`ProvisioningService "${name}"`);
    const policies = oneOf<AllocationPolicy>(["Hashed", "GeoLatency", "Static"]);
    const checked = {
        ...args,
        resourceGroupName: checks.input("resourceGroupName", args.resourceGroupName, someText),
        location: checks.input("location", args.location, region),
        serviceName: checks.input("serviceName", args.serviceName, exactName(64)),
        prefix: checks.input("prefix", args.prefix, namePrefix(50)),
        linkedHubs: args.linkedHubs.map((hub, index) => checkedLink(checks, hub, index)),
        deployer: checkedDeployer(checks, args.deployer),
    };
    checks.plain("units", args.units, wholeNumber(1, serviceLimits.serviceUnits, "units of S1"));
    checks.plain("allocationPolicy", args.allocationPolicy, policies);
    const { length } = args.linkedHubs;
    checks.that(
        "linkedHubs",
        length >= 1 && length <= serviceLimits.linkedHubs,
        `must have 1 to ${serviceLimits.linkedHubs} hubs; it has ${length}`,
    );
    checks.done();
    return checked;
}

function checkedLink(checks: ArgumentChecks, hub: LinkedHub, index: number): LinkedHub {
    const path = `linkedHubs[${index}]`;
    // Reported under the path of the link, so that no report shows the key.
    checks.that(path, hub.key !== "", "has an empty key of its policy; omit it to keep the link");
    return {
        hostName: checks.input(`${path}.hostName`, hub.hostName, someText),
        policy: checks.input(`${path}.policy`, hub.policy, someText),
        key: hub.key,
        location: checks.input(`${path}.location`, hub.location, someText),
        weight: checks.input(`${path}.weight`, hub.weight, wholeNumber(0, 1000)),
    };
}

type ServiceBody = Pick<
    deviceprovisioning.IotDpsResourceArgs,
    "sku" | "identity" | "tags" | "properties"
>;

/** Properties that only the service sets, although azure-native has them as inputs. */
const servicesOwn = ["properties.state", "properties.provisioningState"];
const othersPaths = [
    ...["identity", "tags", "properties.authorizationPolicies"],
    ...keptServiceProperties.map((name) => `properties.${name}`),
];

/**
 * Returns the declared service. An existing one is written with all undeclared properties that it has, as a hub is; a run
 * that changes nothing does not compare these.
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
    const keptName = present === undefined ? [] : ["provisioningServiceName"];
    const ignoreChanges = [...servicesOwn, ...keptLinks, ...keptName];
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

/** Whether the service is as declared since the last run; then its policies are not written. */
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

/** Digests of the keys that the run linked the service with, known once it is linked. */
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
