import { createHash } from "crypto";
import * as deviceprovisioning from "@pulumi/azure-native/deviceprovisioningservices";
import { isSameResourceName, isSameRegion } from "../azure/sameName";
import { isForbidden } from "../azure/refusal";
import { HubParts, isAsDeclared, partsOf } from "../iothub/hubParts";
import { foundOrNot } from "../iothub/presentHub";

/**
 * What an IotDpsPropertiesDescription of API 2023-03-01-preview takes and this program does not declare: a PUT that leaves
 * one out takes it from the service (azure-rest-api-specs, iotdps.json: the body is the whole service).
 */
export const keptServiceProperties = [
    "enableDataResidency",
    "ipFilterRules",
    "portalOperationsHostName",
    "privateEndpointConnections",
    "publicNetworkAccess",
] as const;

/** A shared access policy of a provisioning service with its keys. */
export interface ServicePolicy {
    readonly keyName: string;
    readonly rights: string;
    readonly primaryKey?: string;
    readonly secondaryKey?: string;
}

/** A provisioning service that is there before the run. */
export interface PresentService {
    /** As the state has it, or where that cannot be read, as Azure has it. */
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
    /** What the last run linked it with, by host name of the hub: {@link keyDigest}. */
    readonly digests: Readonly<Record<string, string>>;
    /** What it has beside what this program declares, as Azure has it now. */
    readonly parts: HubParts;
    /** Its policies with their keys, as Azure has them now; left out: not read. */
    readonly policies?: readonly ServicePolicy[];
}

/** A link as it is declared, as far as it is known before the hub is. */
export interface KnownLink {
    /** Of the hub. */
    readonly hostName: string;
    /** Undefined: this login may not read it. */
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
 * @param recorded its outputs in the state; undefined: nothing says that it was ever made
 * @returns undefined when there is none
 * @throws Error when it cannot be read
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
 * Reads its policies, which takes the right `Microsoft.Devices/provisioningServices/listkeys/action`.
 *
 * @returns undefined when this login may not
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

/** Names the key of a link, which nobody shows: Azure masks it. */
export function keyDigest(key: string): string {
    return createHash("sha256").update(key).digest("hex");
}

/** Whether a service has this link at this place already, with whatever key. */
export function isLinkedAt({ recorded }: PresentService, index: number, hostName: string): boolean {
    const { name = "" } = recorded.properties?.iotHubs?.[index] ?? {};
    return isSameResourceName(name, hostName);
}

/** Whether the last run has left the service as it is declared, whatever else it has. */
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
