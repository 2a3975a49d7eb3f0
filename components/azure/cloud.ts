import { own } from "../dynamic/values";

/** Endpoints of an Azure cloud. Source: azure-sdk-for-js and azure-cli cloud tables. */
export interface Cloud {
    /** Value of azure-native's `environment`. */
    readonly name: string;
    readonly authorityHost: string;
    readonly arm: string;
    readonly armScope: string;
    readonly iotScope: string;
    readonly dpsScope: string;
    /** Domain of hub host names. */
    readonly hubDomain: string;
}

// Hubs in China and the provisioning services of all clouds use the public audience; only hubs of the US Government have
// their own. Source: azure-iothub 1.16 and azure-iot-provisioning-service.
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

/** All names of azure-native and the Azure CLI for a cloud (pulumi-azure-native: cloud.FromName), in lower case. */
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
 * @param environment name of the cloud, in any case; default: the public cloud
 * @throws Error that names the allowed values
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
