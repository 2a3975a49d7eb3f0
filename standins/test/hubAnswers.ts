import { group } from "./pluginClient";

export const hubType = "iothub:IotHubResource";
export const hubPath = `${group}/providers/Microsoft.Devices/IotHubs/hub`;
/** Where Azure says how an operation is going. */
export const operation =
    "https://management.azure.com/subscriptions/s/operationResults/1?api-version=x";
/** Inputs of a hub as the program gives them. */
export const inputs = {
    resourceGroupName: "rg",
    resourceName: "hub",
    location: "westeurope",
    sku: { name: "S1", capacity: 1 },
    azureApiVersion: "2023-06-30",
    __createBeforeDelete: true,
};
/** A GET answer in the shape that azure-cli recorded. */
export const hub = {
    id: hubPath,
    name: "hub",
    type: "Microsoft.Devices/IotHubs",
    location: "westeurope",
    etag: "AAAADGJGLxo=",
    properties: {
        hostName: "hub.azure-devices.net",
        state: "Active",
        provisioningState: "Succeeded",
        eventHubEndpoints: {
            events: { retentionTimeInDays: 1, partitionCount: 4, partitionIds: ["0"], path: "hub" },
        },
        ipFilterRules: [],
        unheardOf: true,
        comments: null,
    },
    sku: { name: "S1", tier: "Standard", capacity: 1 },
};
