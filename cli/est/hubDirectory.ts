import { AzureClient } from "../../components/azure/client";
import { DataPlaneAccess } from "../../components/azure/dataPlaneAccess";
import type { AzureLogin } from "../../components/azure/login";
import type { HubSize } from "../../components/azure/serviceLimits";
import { LocalRateLimiters } from "../../components/rateLimit/localRateLimiters";
import { changeIdentity } from "../../components/registry/changeIdentity";
import { changeTags } from "../../components/registry/changeTags";
import { Registry } from "../../components/registry/registry";
import { RegistryQueue } from "../../components/registry/registryQueue";
import type { Directory, FoundDevice } from "../../est/directory";

/** A hub whose devices are served. */
export interface ServedHub {
    /** ARM ID. */
    readonly id: string;
    readonly hostName: string;
}

interface OpenHub {
    readonly hostName: string;
    readonly registry: Registry;
    readonly queue: RegistryQueue;
}

/** Devices on the hubs of one environment, with the role "IoT Hub Data Contributor". */
export class HubDirectory implements Directory {
    private readonly hubs: readonly OpenHub[];
    /** Where a device was found before, so that it is asked for there first. */
    private readonly places = new Map<string, OpenHub>();

    /** @param size of the stack's own hub; others are taken to be as large */
    constructor(login: AzureLogin, hubs: readonly ServedHub[], size: HubSize) {
        const client = new AzureClient(login.credential, login.cloud.iotScope);
        this.hubs = hubs.map(({ id, hostName }) => {
            const limiters = new LocalRateLimiters(size);
            const access = new DataPlaneAccess({
                hostName,
                resourceId: id,
                role: "IoT Hub Data Contributor",
                waitSeconds: 0,
            });
            const registry = new Registry(client, hostName, access, limiters.queries);
            return { hostName, registry, queue: new RegistryQueue(registry, limiters) };
        });
    }

    async find(deviceId: string): Promise<FoundDevice | undefined> {
        const known = this.places.get(deviceId);
        const others = this.hubs.filter((hub) => hub !== known);
        for (const hub of known === undefined ? others : [known, ...others]) {
            const record = await hub.registry.get(deviceId);
            if (record !== undefined) {
                if (this.hubs.length > 1) {
                    this.places.set(deviceId, hub);
                }
                return {
                    record,
                    mark: (patchOf) => changeTags(hub, record, patchOf),
                    authenticate: async (decide) => {
                        await changeIdentity(hub, deviceId, (present) => {
                            const authentication = decide(present);
                            return (
                                authentication && {
                                    mode: "update",
                                    device: { ...present, authentication },
                                }
                            );
                        });
                    },
                };
            }
        }
        return undefined;
    }
}
