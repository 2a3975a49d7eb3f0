import { Cloud, HostKind } from "../core/clouds";

/** What a token can be issued for. Entra itself accepts none. */
export type ResourceKind = Exclude<HostKind, "entra">;

// Application IDs that can be used instead of a resource's URI; the same in every cloud (Microsoft docs: "Verify
// first-party Microsoft applications in sign-in reports").
const appIds: Readonly<Partial<Record<ResourceKind, string>>> = {
    arm: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    graph: "00000003-0000-0000-c000-000000000000",
};

// The classic management endpoints, which tokens for Resource Manager may also name (azure-cli cloud.py).
const classicManagement: Readonly<Record<Cloud["name"], string>> = {
    AzureCloud: "https://management.core.windows.net",
    AzureUSGovernment: "https://management.core.usgovcloudapi.net",
    AzureChinaCloud: "https://management.core.chinacloudapi.cn",
};

// The only audience that any SDK uses, in any cloud (azure-iot-provisioning-service 1.10).
const dpsAudience = "https://azure-devices-provisioning.net";

/**
 * The values of `aud` that this kind of service accepts: each of its URIs with and without a trailing slash, and its
 * application ID.
 */
export function audiencesOf(kind: ResourceKind, cloud: Cloud): readonly string[] {
    const appId = appIds[kind];
    return [
        ...uris(kind, cloud).flatMap((uri) => [uri, uri + "/"]),
        ...(appId === undefined ? [] : [appId]),
    ];
}

function uris(kind: ResourceKind, cloud: Cloud): string[] {
    switch (kind) {
        case "arm":
            return [`https://${cloud.arm}`, classicManagement[cloud.name]];
        case "graph":
            return [`https://${cloud.graph}`];
        case "hub":
            return [cloud.iotAudience];
        case "dps":
            return [dpsAudience];
        case "eventHubs":
            // The same in all clouds (Microsoft docs: "Authorize access to Event Hubs using Microsoft Entra ID").
            return ["https://eventhubs.azure.net"];
    }
}

/** Whether a tenant of this cloud can issue tokens for the resource. */
export function isKnownResource(resource: string, cloud: Cloud): boolean {
    const kinds: readonly ResourceKind[] = ["arm", "graph", "hub", "dps", "eventHubs"];
    return kinds.some((kind) => audiencesOf(kind, cloud).includes(resource));
}
