import { setTimeout as sleep } from "timers/promises";
import * as iothub from "@pulumi/azure-native/iothub";
import { confirmations } from "../azure/confirmations";
import { isForbidden } from "../azure/refusal";
import { HubParts, partsOf } from "./hubParts";
import { SharedAccessPolicy } from "./sharedAccess";

/** A hub that exists before the run. */
export interface PresentHub {
    /** As recorded in the state or, if that cannot be read, as Azure has it: `sku` and `properties`. */
    readonly recorded: {
        readonly name?: string;
        readonly sku?: { readonly name?: string };
        readonly properties?: { readonly minTlsVersion?: string };
    };
    /** What it has beyond what this program declares, as Azure has it now. */
    readonly parts: HubParts;
    /** Whether the last run linked a provisioning service to it, for which the hub has a policy. */
    readonly wasLinked: boolean;
    /** Its shared access policies with their keys, as Azure has them now; omitted if not read, see {@link readPolicies}. */
    readonly policies?: readonly SharedAccessPolicy[];
}

/** Where a hub is, if it exists. */
export interface HubPlace {
    readonly resourceGroupName: string;
    readonly resourceName: string;
    /** The hub's outputs in the state; undefined if nothing says that it was ever created. */
    readonly recorded: PresentHub["recorded"] | undefined;
}

/**
 * Reads a hub before it is written.
 *
 * @returns undefined when there is none
 * @throws Error when it cannot be read: writing it unread would remove what others have configured
 */
export async function readHub(
    place: HubPlace,
): Promise<Pick<PresentHub, "recorded" | "parts"> | undefined> {
    const { resourceGroupName, resourceName, recorded } = place;
    const hub = await foundOrNot(recorded !== undefined, () =>
        iothub.getIotHubResource({ resourceGroupName, resourceName }),
    );
    return hub && { recorded: recorded ?? hub, parts: partsOf(hub) };
}

/**
 * @param isRecorded whether the state has it: if so, it is asked for again before it is considered gone
 * @returns undefined when Azure has no such resource
 * @throws Error when it cannot be read
 */
export async function foundOrNot<T>(
    isRecorded: boolean,
    read: () => Promise<T>,
): Promise<T | undefined> {
    for (let attempt = 0; ; attempt++) {
        try {
            return await read();
        } catch (error) {
            const said = String(error);
            if (!/ResourceNotFound|ResourceGroupNotFound|\b404\b/.test(said)) {
                throw error;
            }
            const isSure = !isRecorded || /ResourceGroupNotFound/.test(said);
            if (isSure || attempt === confirmations.length) {
                return undefined;
            }
        }
        await sleep(confirmations[attempt] * 1000);
    }
}

/**
 * Reads a hub's shared access policies with their keys, which needs the permission
 * `Microsoft.Devices/IotHubs/listkeys/action`.
 *
 * @returns undefined when this login lacks it
 */
export async function readPolicies({
    resourceGroupName,
    resourceName,
}: Omit<HubPlace, "recorded">): Promise<readonly SharedAccessPolicy[] | undefined> {
    try {
        const { value = [] } = await iothub.listIotHubResourceKeys({
            resourceGroupName,
            resourceName,
        });
        return value.map(({ keyName, rights, primaryKey, secondaryKey }) => ({
            keyName,
            rights: rights as iothub.AccessRights,
            primaryKey: primaryKey ?? "",
            secondaryKey: secondaryKey ?? "",
        }));
    } catch (error) {
        if (isForbidden(error)) {
            return undefined;
        }
        throw error;
    }
}
