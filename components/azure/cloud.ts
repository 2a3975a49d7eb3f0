import { own } from "../dynamic/values";

/** Endpoints of an Azure cloud. Source: azure-sdk-for-js and azure-cli cloud tables. */
export interface Cloud {
    /** As azure-native's `environment` takes it. */
    readonly name: string;
    readonly authorityHost: string;
    readonly arm: string;
    readonly armScope: string;
    readonly iotScope: string;
    readonly dpsScope: string;
    /** Of hubs' host names. */
    readonly hubDomain: string;
}

// China's hubs take the public audience, and the provisioning services of all clouds do: azure-iothub 1.16 and
// azure-iot-provisioning-service know these, and for hubs of the US Government one other.
const publicIotScope = "https://iothubs.azure.net/.default";
const dpsScope = "https://azure-devices-provisioning.net/.default";

const publicCloud: Cloud = {
    name: "public",
    authorityHost: "https://login.microsoftonline.com",
    arm: "https://management.azure.com",
    armScope: "https://management.azure.com/.default",
    iotScope: publicIotScope,
    dpsScope,
    hubDomain: "azure-devices.net",
};

const usGovernment: Cloud = {
    name: "usgovernment",
    authorityHost: "https://login.microsoftonline.us",
    arm: "https://management.usgovcloudapi.net",
    armScope: "https://management.usgovcloudapi.net/.default",
    iotScope: "https://iothubs.azure.us/.default",
    dpsScope,
    hubDomain: "azure-devices.us",
};

const china: Cloud = {
    name: "china",
    authorityHost: "https://login.chinacloudapi.cn",
    arm: "https://management.chinacloudapi.cn",
    armScope: "https://management.chinacloudapi.cn/.default",
    iotScope: publicIotScope,
    dpsScope,
    hubDomain: "azure-devices.cn",
};

/** All names that azure-native and the Azure CLI have for a cloud (pulumi-azure-native: cloud.FromName), in lower case. */
const clouds: Readonly<Record<string, Cloud>> = {
    public: publicCloud,
    azurecloud: publicCloud,
    usgovernment: usGovernment,
    usgov: usGovernment,
    azureusgovernment: usGovernment,
    azureusgovernmentcloud: usGovernment,
    usgovernmentl4: usGovernment,
    china,
    azurechinacloud: china,
};

/**
 * The cloud that azure-native deploys to.
 *
 * @param environment a name of it, in any case; left out: the public one
 * @throws Error naming the allowed values
 */
export function azureCloud(environment: string | undefined): Cloud {
    const cloud = own(clouds, (environment ?? "public").toLowerCase());
    if (cloud === undefined) {
        throw new Error(
            `azure-native:environment (ARM_ENVIRONMENT, AZURE_ENVIRONMENT) "${environment}" must be one of ` +
                Object.keys(clouds).join(", "),
        );
    }
    return cloud;
}
