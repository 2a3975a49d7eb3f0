import { Clock } from "../core/clock";
import { Settings } from "../core/settings";
import { Hub } from "../hub/model";
import { JsonObject } from "./twinRules";

interface DeletedDevice {
    readonly twin: JsonObject;
    /** Emulator time in milliseconds. */
    readonly at: number;
}

/**
 * Devices that are gone from the registry and still in the index that queries read. On a live hub a query returned a
 * device 25 minutes after its deletion (terraform-provider-iothub, 2026-08-15); the setting `queryIndexLagSeconds` says
 * how long here.
 */
export class DeletedDevices {
    private readonly ofHub = new WeakMap<Hub, Map<string, DeletedDevice>>();

    constructor(
        private readonly clock: Clock,
        private readonly settings: Settings,
    ) {}

    remember(hub: Hub, deviceId: string, twin: () => JsonObject): void {
        if (this.settings.queryIndexLagSeconds > 0) {
            const devices = this.ofHub.get(hub) ?? new Map<string, DeletedDevice>();
            devices.set(deviceId, { twin: twin(), at: this.clock.now() });
            this.ofHub.set(hub, devices);
        }
    }

    /** Twins as they were at their deletion, without those whose ID is in use again. */
    list(hub: Hub): ReadonlyMap<string, JsonObject> {
        const found = new Map<string, JsonObject>();
        const devices = this.ofHub.get(hub) ?? new Map<string, DeletedDevice>();
        const oldest = this.clock.now() - this.settings.queryIndexLagSeconds * 1000;
        for (const [deviceId, deleted] of devices) {
            if (deleted.at <= oldest || hub.devices.has(deviceId)) {
                devices.delete(deviceId);
            } else {
                found.set(deviceId, deleted.twin);
            }
        }
        return found;
    }
}
