import { own } from "../dynamic/values";

/** Endpoints of an Azure cloud. Source: azure-sdk-for-js and azure-cli cloud tables. */
export interface Cloud {
    readonly authorityHost: string;
    readonly arm: string;
    readonly armScope: string;
    readonly iotScope: string;
    readonly dpsScope: string;
    /** Of hubs' host names. */
    readonly hubDomain: string;
}

/** Keys are the values of azure-native's `environment`. */
const clouds: Readonly<Record<string, Cloud>> = {
    public: {
        authorityHost: "https://login.microsoftonline.com",
        arm: "https://management.azure.com",
        armScope: "https://management.azure.com/.default",
        iotScope: "https://iothubs.azure.net/.default",
        dpsScope: "https://azure-devices-provisioning.net/.default",
        hubDomain: "azure-devices.net",
    },
    usgovernment: {
        authorityHost: "https://login.microsoftonline.us",
        arm: "https://management.usgovcloudapi.net",
        armScope: "https://management.usgovcloudapi.net/.default",
        iotScope: "https://iothubs.azure.us/.default",
        dpsScope: "https://azure-devices-provisioning.us/.default",
        hubDomain: "azure-devices.us",
    },
    china: {
        authorityHost: "https://login.chinacloudapi.cn",
        arm: "https://management.chinacloudapi.cn",
        armScope: "https://management.chinacloudapi.cn/.default",
        iotScope: "https://iothubs.azure.cn/.default",
        dpsScope: "https://azure-devices-provisioning.cn/.default",
        hubDomain: "azure-devices.cn",
    },
};

/**
 * The cloud that azure-native deploys to.
 *
 * @param environment `public` (default), `usgovernment` or `china`
 * @throws Error naming the allowed values
 */
export function azureCloud(environment: string | undefined): Cloud {
    const cloud = own(clouds, (environment ?? "public").toLowerCase());
    if (cloud === undefined) {
        const allowed = Object.keys(clouds).join(", ");
        throw new Error(`azure-native:environment "${environment}" is none of ${allowed}`);
    }
    return cloud;
}
