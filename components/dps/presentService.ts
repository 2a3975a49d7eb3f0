import { createHash } from "crypto";
import * as deviceprovisioning from "@pulumi/azure-native/deviceprovisioningservices";
import { isSameResourceName, isSameRegion } from "../azure/sameName";
import { isForbidden } from "../azure/refusal";
import { HubParts, isAsDeclared, partsOf } from "../iothub/hubParts";
import { foundOrNot } from "../iothub/presentHub";

/**
 * Members of IotDpsPropertiesDescription (API 2023-03-01-preview) that this program does not declare. A PUT without them
 * would remove them from the service (azure-rest-api-specs, iotdps.json: the body is the whole service).
 */
export const keptServiceProperties = [
    "enableDataResidency",
    "ipFilterRules",
    "portalOperationsHostName",
    "privateEndpointConnections",
    "publicNetworkAccess",
] as const;

/** A shared access policy of a provisioning service, with its keys. */
export interface ServicePolicy {
    readonly keyName: string;
    readonly rights: string;
    readonly primaryKey?: string;
    readonly secondaryKey?: string;
}

/** A provisioning service that exists before the run. */
export interface PresentService {
    /** The service according to the state or, if that cannot be read, to Azure. */
    readonly recorded: {
        readonly sku?: unknown;
        readonly properties?: {
            readonly allocationPolicy?: string;
            readonly serviceOperationsHostName?: string;
            readonly deviceProvisioningHostName?: string;
            readonly idScope?: string;
            readonly iotHubs?: readonly RecordedLink[];
        };
    };
    /** {@link keyDigest} of the keys of the last run's links, by host name of the hub. */
    readonly digests: Readonly<Record<string, string>>;
    /** Its properties on Azure that this program does not declare. */
    readonly parts: HubParts;
    /** Its policies on Azure, with keys; undefined if they were not read. */
    readonly policies?: readonly ServicePolicy[];
}

/** What is known of a declared link before its hub is. */
export interface KnownLink {
    /** Host name of the hub. */
    readonly hostName: string;
    /** Undefined if this login may not read it. */
    readonly key: string | undefined;
    readonly location: string;
    readonly weight: number;
}

interface RecordedLink {
    /** Host name of the hub. */
    readonly name?: string;
    readonly location?: string;
    readonly allocationWeight?: number;
}

export interface ServicePlace {
    readonly resourceGroupName: string;
    readonly provisioningServiceName: string;
}

/**
 * Reads a provisioning service before it is written.
 *
 * @param recorded its outputs in the state; undefined if the state does not have it
 * @returns undefined if there is none
 * @throws Error if it cannot be read
 */
export async function readService(
    place: ServicePlace,
    recorded: PresentService["recorded"] | undefined,
): Promise<Pick<PresentService, "recorded" | "parts"> | undefined> {
    const service = await foundOrNot(recorded !== undefined, () =>
        deviceprovisioning.getIotDpsResource({ ...place }),
    );
    return (
        service && {
            recorded: recorded ?? service,
            parts: partsOf(service, keptServiceProperties),
        }
    );
}

/**
 * Reads its policies, which requires the permission `Microsoft.Devices/provisioningServices/listkeys/action`.
 *
 * @returns undefined if this login lacks it
 */
export async function readServicePolicies(
    place: ServicePlace,
): Promise<readonly ServicePolicy[] | undefined> {
    try {
        const { value = [] } = await deviceprovisioning.listIotDpsResourceKeys({ ...place });
        return value.map(({ keyName, rights, primaryKey, secondaryKey }) => ({
            keyName,
            rights,
            primaryKey,
            secondaryKey,
        }));
    } catch (error) {
        if (isForbidden(error)) {
            return undefined;
        }
        throw error;
    }
}

/** Identifies the key of a link, because Azure masks the key itself. */
export function keyDigest(key: string): string {
    return createHash("sha256").update(key).digest("hex");
}

/** Whether a service already has this link at this index, with whatever key. */
export function isLinkedAt({ recorded }: PresentService, index: number, hostName: string): boolean {
    const { name = "" } = recorded.properties?.iotHubs?.[index] ?? {};
    return isSameResourceName(name, hostName);
}

/** Whether the service is as declared since the last run, whatever else it has. */
export function isServiceSettled(
    present: PresentService,
    declared: { readonly sku: object; readonly properties: object },
    links: readonly KnownLink[],
): boolean {
    const { recorded, digests } = present;
    const { iotHubs = [] } = recorded.properties ?? {};
    return (
        isAsDeclared(recorded, declared) &&
        iotHubs.length === links.length &&
        links.every(({ hostName, key, location, weight }, index) => {
            const there = iotHubs[index];
            const digest = digests[hostName];
            return (
                isLinkedAt(present, index, hostName) &&
                isSameRegion(there.location ?? "", location) &&
                there.allocationWeight === weight &&
                (key === undefined || digest === undefined || digest === keyDigest(key))
            );
        })
    );
}
