import { ETags } from "../core/etag";
import { HubEvents } from "./events";
import { readHostName } from "./hostNames";
import { CloudToDeviceMessage, ConsumerGroup, Device, Hub, HubCertificate } from "./model";

type StoredDevice = Omit<Device, "inbox"> & {
    readonly inbox: (Omit<CloudToDeviceMessage, "body"> & { readonly body: string })[];
};

type StoredHub = Omit<Hub, "consumerGroups" | "certificates" | "devices"> & {
    readonly consumerGroups: ConsumerGroup[];
    readonly certificates: HubCertificate[];
    readonly devices: StoredDevice[];
};

export interface HubsSnapshot {
    readonly hubs: readonly StoredHub[];
}

/** All hubs of the emulator. Hub names are globally unique, so the name is the key. */
export class Hubs {
    readonly events = new HubEvents();
    readonly etags = new ETags();
    private readonly byName = new Map<string, Hub>();

    get(name: string): Hub | undefined {
        return this.byName.get(name.toLowerCase());
    }

    /** @param notFor ignores the host name that a hub has only for this use */
    byHostName(hostName: string, notFor?: "device" | "service"): Hub | undefined {
        const { classic, use } = readHostName(hostName);
        const hub = this.get(classic.split(".")[0]);
        const isOwn = use === "all" || (hub?.gatewayV2 === true && use !== notFor);
        return hub?.hostName === classic && isOwn ? hub : undefined;
    }

    list(): Hub[] {
        return [...this.byName.values()];
    }

    add(hub: Hub): void {
        this.byName.set(hub.name.toLowerCase(), hub);
        this.events.emit("hubAdded", hub);
    }

    remove(hub: Hub): void {
        this.byName.delete(hub.name.toLowerCase());
        this.events.emit("hubRemoved", hub);
    }

    reset(): void {
        this.list().forEach((hub) => this.remove(hub));
    }

    snapshot(): HubsSnapshot {
        const hubs = this.list().map((hub) => ({
            ...hub,
            consumerGroups: [...hub.consumerGroups.values()],
            certificates: [...hub.certificates.values()],
            devices: [...hub.devices.values()].map((device) => ({
                ...device,
                inbox: device.inbox.map((message) => ({
                    ...message,
                    body: message.body.toString("base64"),
                })),
            })),
        }));
        return { hubs };
    }

    /**
     * Hubs that were being created or deleted when the state was saved are active: nothing continues that operation.
     */
    restore(snapshot: HubsSnapshot): void {
        for (const stored of snapshot.hubs) {
            const devices = stored.devices.map((device) => ({
                ...device,
                inbox: device.inbox.map((message) => ({
                    ...message,
                    body: Buffer.from(message.body, "base64"),
                })),
            }));
            this.add({
                ...stored,
                state: "Active",
                consumerGroups: new Map(stored.consumerGroups.map((group) => [group.name, group])),
                certificates: new Map(
                    stored.certificates.map((one) => [one.name.toLowerCase(), one]),
                ),
                devices: new Map(devices.map((device) => [device.deviceId, device])),
            });
        }
    }
}
