import type { TokenCredential } from "@azure/identity";
import { AzureClient } from "../azure/client";
import { Cloud } from "../azure/cloud";

const armVersion = "2023-06-30";

/** The parts of a hub's ARM resource ID. */
export interface HubAddress {
    readonly subscriptionId: string;
    readonly resourceGroupName: string;
    readonly hubName: string;
}

/** @param hubId `/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Devices/IotHubs/NAME` */
export function hubAddress(hubId: string): HubAddress {
    const [, , subscriptionId, , resourceGroupName, , , , hubName] = hubId.split("/");
    return { subscriptionId, resourceGroupName, hubName };
}

/**
 * The key of a hub's shared access policy. azure-native looks only in its own subscription; this looks where the ID points.
 *
 * @throws AzureError when there is no such hub or policy, or the login may not list its keys
 */
export async function policyKey(
    { cloud, credential }: { readonly cloud: Cloud; readonly credential: TokenCredential },
    hubId: string,
    policy: string,
): Promise<string> {
    const answer = await new AzureClient(credential, cloud.armScope).send({
        method: "POST",
        url: `${cloud.arm}${hubId}/IotHubKeys/${encodeURIComponent(policy)}/listkeys?api-version=${armVersion}`,
        expect: [200],
    });
    return (answer.body as { primaryKey: string }).primaryKey;
}
