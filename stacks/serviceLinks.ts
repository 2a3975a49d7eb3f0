import * as iothub from "@pulumi/azure-native/iothub";
import * as pulumi from "@pulumi/pulumi";
import { isForbidden } from "../components/azure/refusal";
import { isSameResourceName } from "../components/azure/sameName";
import {
    isLinkedAt,
    KnownLink,
    PresentService,
    readService,
    readServicePolicies,
} from "../components/dps/presentService";
import {
    isSettledService,
    LinkedHub,
    ProvisioningServiceArgs,
} from "../components/dps/provisioningService";
import type { ServiceAddress } from "../components/enrollments/services";
import { Hub } from "../components/iothub/hub";
import { hubAddress, policyKey } from "../components/iothub/linkedHub";
import { PresentHub } from "../components/iothub/presentHub";
import { provisioningKey, provisioningPolicy } from "../components/iothub/sharedAccess";
import { presentPlace } from "./presentPlace";
import { PreviousState } from "./previousState";
import { DpsSettings, LinkedHubSettings, Settings } from "./settings";
import { SignedIn } from "./signIn";
import { sayUnread } from "./unreadKeys";

export const serviceType = "azure-native:deviceprovisioningservices:IotDpsResource";
const serviceKeysRight = "Microsoft.Devices/provisioningServices/listkeys/action";
const policyKeyRight = "Microsoft.Devices/IotHubs/IotHubKeys/listkeys/action";

interface LinkArgs {
    readonly hub: Hub;
    /** The hub before the run. */
    readonly presentHub: PresentHub | undefined;
    readonly signedIn: SignedIn;
    readonly previous: PreviousState;
}

/** The hubs that the provisioning service is linked to, and the service's state before the run. */
export async function serviceLinks(
    settings: Settings,
    dps: DpsSettings,
    args: LinkArgs,
): Promise<Pick<ProvisioningServiceArgs, "linkedHubs" | "knownLinks" | "present">> {
    const { presentHub } = args;
    const { location } = settings;
    const place = servicePlace(settings, dps, args.previous);
    const present = place && (await presentService(place, args.previous));
    const own = ownLink(settings, dps, args, present);
    const others = await Promise.all(
        dps.linkedHubs.map((one, index) => otherLink(one, index + 1, args, present)),
    );
    const links = {
        linkedHubs: [own, ...others.map(({ declared }) => declared)],
        knownLinks: presentHub && [
            {
                hostName: hostNameOf(presentHub, args),
                key: presentHub.policies && provisioningKey(presentHub.policies),
                location,
                weight: dps.weight,
            },
            ...others.map(({ known }) => known),
        ],
    };
    if (
        place === undefined ||
        present === undefined ||
        isSettledService({ ...dps, ...links, present })
    ) {
        return { ...links, present };
    }
    const policies = await readServicePolicies(place);
    if (policies === undefined) {
        const whose = `the keys of the provisioning service ${place.provisioningServiceName}`;
        sayUnread(whose, serviceKeysRight, true);
    }
    return { ...links, present: { ...present, policies } };
}

/** The provisioning service that the last run left, in the resource group of its hub; undefined: none. */
export function presentServiceAddress({ outputs }: PreviousState): ServiceAddress | undefined {
    const { hub, provisioning } = outputs as {
        readonly hub?: { readonly id: string };
        readonly provisioning?: { readonly name: string; readonly serviceHostName: string };
    };
    if (hub === undefined || provisioning === undefined) {
        return undefined;
    }
    const [group] = hub.id.split(/\/providers\//i);
    return {
        serviceId: `${group}/providers/Microsoft.Devices/provisioningServices/${provisioning.name}`,
        hostName: provisioning.serviceHostName,
    };
}

function servicePlace(settings: Settings, dps: DpsSettings, previous: PreviousState) {
    const found = presentPlace(
        settings,
        dps,
        "dps",
        previous.find(serviceType, "dps-service"),
        previous,
    );
    return (
        found && {
            resourceGroupName: found.resourceGroupName,
            provisioningServiceName: found.resourceName,
        }
    );
}

async function presentService(
    place: NonNullable<ReturnType<typeof servicePlace>>,
    previous: PreviousState,
): Promise<PresentService | undefined> {
    const found = await readService(place, previous.find(serviceType, "dps-service"));
    const { linkDigests = {} } = (previous.find("iot-x509:dps:ProvisioningService", "dps") ??
        {}) as { readonly linkDigests?: Readonly<Record<string, string>> };
    return found && { ...found, digests: linkDigests };
}

function ownLink(
    { location }: Settings,
    { weight }: DpsSettings,
    args: LinkArgs,
    present: PresentService | undefined,
): LinkedHub {
    const { hub, presentHub } = args;
    const isKept =
        present !== undefined &&
        presentHub !== undefined &&
        isLinkedAt(present, 0, hostNameOf(presentHub, args));
    return {
        hostName: hub.hostName,
        policy: provisioningPolicy.keyName,
        key: hub.provisioningKey ?? (isKept ? undefined : unknownKey()),
        location,
        weight,
    };
}

function hostNameOf({ recorded }: PresentHub, { signedIn }: LinkArgs): string {
    return `${recorded.name}.${signedIn.cloud.hubDomain}`;
}

async function otherLink(
    { id, policy, location, weight }: LinkedHubSettings,
    index: number,
    { signedIn }: LinkArgs,
    present: PresentService | undefined,
): Promise<{ readonly declared: LinkedHub; readonly known: KnownLink }> {
    const { hubName } = hubAddress(id);
    const hostName = spelledBefore(`${hubName}.${signedIn.cloud.hubDomain}`, present);
    const key = await otherKey(id, policy, signedIn);
    const isKept = present !== undefined && isLinkedAt(present, index, hostName);
    if (key === undefined) {
        sayUnread(`the keys of the linked hub ${hubName}`, policyKeyRight, !isKept);
    }
    const known = { hostName, key, location, weight };
    const secret = key === undefined ? undefined : pulumi.secret(key);
    return {
        known,
        declared: { ...known, policy, key: secret ?? (isKept ? undefined : unknownKey()) },
    };
}

/** The host name as the last run wrote it, which is no change of the link. */
function spelledBefore(hostName: string, present: PresentService | undefined): string {
    const before = Object.keys(present?.digests ?? {});
    return before.find((one) => isSameResourceName(one, hostName)) ?? hostName;
}

/** Undefined if this login may not read it. */
async function otherKey(
    id: string,
    policy: string,
    signedIn: SignedIn,
): Promise<string | undefined> {
    const { subscriptionId, resourceGroupName, hubName } = hubAddress(id);
    const isNear = isSameResourceName(subscriptionId, signedIn.deployer.subscriptionId);
    try {
        if (!isNear) {
            return await policyKey(signedIn, id, policy);
        }
        const place = { resourceGroupName, resourceName: hubName, keyName: policy };
        return (await iothub.listIotHubResourceKeysForKeyName(place)).primaryKey ?? "";
    } catch (error) {
        if (isForbidden(error)) {
            return undefined;
        }
        throw error;
    }
}

/** Key of a link that a preview announces without being able to read the key. */
function unknownKey(): pulumi.Output<string> {
    return pulumi.secret(pulumi.output(pulumi.unknown as unknown as string));
}
