import { clouds } from "../core/clouds";
import { LinkedHub, ProvisioningService } from "../dps/model";
import { dpsType } from "./resourceGroups";

/**
 * A provisioning service as Azure shows it, without its keys. The host names and the ID scope appear once the operation
 * that creates or changes the service has finished. As recorded in azure-cli's `test_dps_linked_hub_lifecycle.yaml`.
 *
 * @param isBusy whether an operation on the service is in progress
 */
export function serviceView(service: ProvisioningService, isBusy: boolean): object {
    const isSettled = service.state === "Active" && !isBusy;
    const { cloud: cloudName } = service;
    const cloud = clouds.find(({ name }) => name === cloudName) ?? clouds[0];
    return {
        ...(service.state === "Activating" ? {} : { etag: service.etag }),
        name: service.name,
        location: service.location,
        properties: {
            state: service.state === "Active" && isBusy ? "Transitioning" : service.state,
            provisioningState:
                service.state === "Deleting" ? "Deleting" : isBusy ? "Accepted" : "Succeeded",
            ...(service.state === "Activating" ? {} : { iotHubs: service.linkedHubs.map(hubView) }),
            allocationPolicy: service.allocationPolicy,
            ...(isSettled
                ? {
                      serviceOperationsHostName: service.serviceHostName,
                      deviceProvisioningHostName: `global.${cloud.dpsSuffix}`,
                  }
                : {}),
            idScope: isSettled ? service.idScope : null,
            ...(service.disableLocalAuth ? { disableLocalAuth: true } : {}),
            ...service.settings,
        },
        resourcegroup: service.resourceGroup,
        type: dpsType,
        id: service.id,
        subscriptionid: service.subscriptionId,
        tags: service.tags,
        sku: { name: service.sku.name, tier: "Standard", capacity: service.sku.capacity },
        ...(service.identity === undefined ? {} : { identity: service.identity }),
    };
}

function hubView(hub: LinkedHub): object {
    const { connectionString, authenticationType, userAssignedIdentity } = hub;
    return {
        applyAllocationPolicy: hub.applyAllocationPolicy,
        allocationWeight: hub.allocationWeight,
        name: hub.name,
        ...(connectionString === undefined
            ? {
                  hostName: hub.name,
                  authenticationType,
                  ...(userAssignedIdentity === undefined
                      ? {}
                      : { selectedUserAssignedIdentityResourceId: userAssignedIdentity }),
              }
            : { connectionString: masked(connectionString) }),
        location: hub.location,
    };
}

/** A connection string with its key replaced by `****`. */
function masked(connectionString: string): string {
    return connectionString.replace(/(SharedAccessKey=)[^;]*/i, "$1****");
}
