import { azure } from "../azure/access";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { Registry } from "./registry";
import { RegistryQueue } from "./registryQueue";

/** One hub's registry as this process uses it. */
export interface HubRegistry {
    readonly registry: Registry;
    /** Gathers writes into bulk requests. */
    readonly queue: RegistryQueue;
}

const registries = new Map<string, HubRegistry>();

/** One queue a hub and process, so that all its devices share bulk requests. */
export function hubRegistry(hub: {
    readonly hostName: string;
    /** ARM resource ID. */
    readonly hubId: string;
}): HubRegistry {
    let handle = registries.get(hub.hostName);
    if (handle === undefined) {
        const access = new DataPlaneAccess({
            hostName: hub.hostName,
            resourceId: hub.hubId,
            role: "IoT Hub Data Contributor",
            waitSeconds: azure().roleWaitSeconds,
        });
        const registry = new Registry(azure().iot, hub.hostName, access);
        handle = { registry, queue: new RegistryQueue(registry) };
        registries.set(hub.hostName, handle);
    }
    return handle;
}
