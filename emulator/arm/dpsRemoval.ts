import { EmulatorContext } from "../context";
import { ProvisioningService } from "../dps/model";
import { removeIdentity } from "./dpsIdentity";

/** Removes a service, if it still exists, with its role assignments and its own identity. */
export function removeService(context: EmulatorContext, service: ProvisioningService): void {
    const { access, provisioning } = context;
    if (provisioning.get(service.name) === service) {
        provisioning.remove(service);
        access.removeAllWithin(service.id);
        removeIdentity(context, service.identity);
    }
}
