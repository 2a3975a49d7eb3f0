import { IotHubClient } from "@azure/arm-iothub";
import { createPipelineRequest, HttpMethods } from "@azure/core-rest-pipeline";
import { EnvironmentCredential } from "@azure/identity";
import { shared } from "./sharedEmulator";

/** The official SDK as the emulator's ready service principal. Its retries are off, so that a test sees each answer. */
export function iotHubClient(): IotHubClient {
    return new IotHubClient(new EnvironmentCredential(), shared().subscriptionId, {
        retryOptions: { maxRetries: 0 },
    });
}

/** Sends a request that the SDK has no method for, with the SDK's own token. `path` is below the subscription. */
export async function armRequest(
    client: IotHubClient,
    method: HttpMethods,
    path: string,
    body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
    const separator = path.includes("?") ? "&" : "?";
    const version = path.includes("api-version=") ? "" : `${separator}api-version=2021-04-01`;
    const response = await client.sendRequest(
        createPipelineRequest({
            url: `https://management.azure.com/subscriptions/${client.subscriptionId}${path}${version}`,
            method,
            body: body === undefined ? undefined : JSON.stringify(body),
        }),
    );
    const text = response.bodyAsText ?? "";
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** A resource group and a hub in it, both active; S1 unless a larger one is asked for. */
export async function makeHub(
    client: IotHubClient,
    group: string,
    hub: string,
    sku = "S1",
): Promise<void> {
    await makeGroup(client, group);
    await client.iotHubResource.beginCreateOrUpdateAndWait(group, hub, {
        location: "westeurope",
        sku: { name: sku, capacity: 1 },
    });
}

export async function makeGroup(client: IotHubClient, group: string): Promise<void> {
    await armRequest(client, "PUT", `/resourceGroups/${group}`, { location: "westeurope" });
}

/** Removes a resource group with all in it, without waiting. */
export async function dropGroup(client: IotHubClient, group: string): Promise<void> {
    await armRequest(client, "DELETE", `/resourceGroups/${group}`);
}
