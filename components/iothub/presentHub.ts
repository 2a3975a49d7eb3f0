import { setTimeout as sleep } from "timers/promises";
import * as iothub from "@pulumi/azure-native/iothub";
import { confirmations } from "../azure/confirmations";
import { HubParts, partsOf } from "./hubParts";
import { SharedAccessPolicy } from "./sharedAccess";

/** A hub that is there before the run. */
export interface PresentHub {
    /** As the state has it, or where that cannot be read, as Azure has it: `sku` and `properties`. */
    readonly recorded: {
        readonly sku?: unknown;
        readonly properties?: { readonly minTlsVersion?: string };
    };
    /** What it has beside what this program declares, as Azure has it now. */
    readonly parts: HubParts;
    /** Its shared access policies with their keys, as Azure has them now. */
    readonly policies: readonly SharedAccessPolicy[];
}

/** Where a hub is, if it is there. */
export interface HubPlace {
    readonly resourceGroupName: string;
    readonly resourceName: string;
    /** The hub's outputs in the state; undefined: nothing says that it was ever made. */
    readonly recorded: PresentHub["recorded"] | undefined;
}

/**
 * Reads a hub before it is written.
 *
 * @returns undefined when there is none
 * @throws Error when it cannot be read: to write it unread would take from it what others have configured
 */
export async function readHub(place: HubPlace): Promise<PresentHub | undefined> {
    const { resourceGroupName, resourceName, recorded } = place;
    for (let attempt = 0; ; attempt++) {
        try {
            const at = { resourceGroupName, resourceName };
            const hub = await iothub.getIotHubResource(at);
            const { value = [] } = await iothub.listIotHubResourceKeys(at);
            return {
                recorded: recorded ?? hub,
                parts: partsOf(hub),
                policies: value.map(({ keyName, rights, primaryKey, secondaryKey }) => ({
                    keyName,
                    rights: rights as iothub.AccessRights,
                    primaryKey: primaryKey ?? "",
                    secondaryKey: secondaryKey ?? "",
                })),
            };
        } catch (error) {
            const said = String(error);
            if (!/ResourceNotFound|ResourceGroupNotFound|\b404\b/.test(said)) {
                throw error;
            }
            const isSure = recorded === undefined || /ResourceGroupNotFound/.test(said);
            if (isSure || attempt === confirmations.length) {
                return undefined;
            }
        }
        await sleep(confirmations[attempt] * 1000);
    }
}
