/**
 * The Azure clouds and the host names that the emulator answers for.
 * Source: azure-cli `cloud.py`; Azure docs "IoT Hub: national clouds endpoints".
 */
export interface Cloud {
    readonly name: "AzureCloud" | "AzureUSGovernment" | "AzureChinaCloud";
    /** The first entry is the canonical authority; the others are aliases in use. */
    readonly login: readonly string[];
    readonly arm: string;
    readonly graph: string;
    /** Suffix of hub host names, without a leading dot. */
    readonly hubSuffix: string;
    /** Suffix of provisioning service host names, without a leading dot. */
    readonly dpsSuffix: string;
    /** Suffix of Event Hubs namespace host names, without a leading dot. */
    readonly eventHubsSuffix: string;
    /** Audience of tokens for hubs. */
    readonly iotAudience: string;
}

export const clouds: readonly Cloud[] = [
    {
        name: "AzureCloud",
        login: [
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
        arm: "management.azure.com",
        graph: "graph.microsoft.com",
        hubSuffix: "azure-devices.net",
        dpsSuffix: "azure-devices-provisioning.net",
        eventHubsSuffix: "servicebus.windows.net",
        iotAudience: "https://iothubs.azure.net",
    },
    {
        name: "AzureUSGovernment",
        login: ["login.microsoftonline.us"],
        arm: "management.usgovcloudapi.net",
        graph: "graph.microsoft.us",
        hubSuffix: "azure-devices.us",
        dpsSuffix: "azure-devices-provisioning.us",
        eventHubsSuffix: "servicebus.usgovcloudapi.net",
        iotAudience: "https://iothubs.azure.us",
    },
    {
        name: "AzureChinaCloud",
        login: ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
        arm: "management.chinacloudapi.cn",
        graph: "microsoftgraph.chinacloudapi.cn",
        hubSuffix: "azure-devices.cn",
        dpsSuffix: "azure-devices-provisioning.cn",
        eventHubsSuffix: "servicebus.chinacloudapi.cn",
        iotAudience: "https://iothubs.azure.net",
    },
];

/** The Azure service that a host name belongs to. */
export type HostKind = "entra" | "arm" | "graph" | "hub" | "dps" | "eventHubs";

export interface AzureHost {
    readonly kind: HostKind;
    readonly cloud: Cloud;
    /** Lower case, no port. */
    readonly name: string;
}

/** Labels between a hub's name and its cloud's suffix on hubs with the second gateway version. */
const hubUses = ["device", "service"];

/** The name of a hub, a provisioning service or a namespace in its host name: one DNS label, hence no wildcard. */
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Identifies a host name; undefined for every host that is not Azure's. */
export function azureHost(hostName: string): AzureHost | undefined {
    const name = hostName.toLowerCase();
    for (const cloud of clouds) {
        const kind = kindIn(cloud, name);
        if (kind !== undefined) {
            return { kind, cloud, name };
        }
    }
    return undefined;
}

function kindIn(cloud: Cloud, name: string): HostKind | undefined {
    if (cloud.login.includes(name)) {
        return "entra";
    }
    if (name === cloud.arm) {
        return "arm";
    }
    if (name === cloud.graph) {
        return "graph";
    }
    const dot = name.indexOf(".");
    if (!label.test(name.slice(0, dot))) {
        return undefined;
    }
    const suffix = name.slice(dot + 1);
    const kinds: Readonly<Record<string, HostKind>> = {
        [cloud.hubSuffix]: "hub",
        ...Object.fromEntries(hubUses.map((use) => [`${use}.${cloud.hubSuffix}`, "hub" as const])),
        [cloud.dpsSuffix]: "dps",
        [cloud.eventHubsSuffix]: "eventHubs",
    };
    return Object.hasOwn(kinds, suffix) ? kinds[suffix] : undefined;
}
