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
 * Devices that are deleted from the registry but still in the index that queries read, or in its statistics. On a live
 * hub a query returned a device 25 minutes after its deletion, and the statistics counted it
 * (terraform-provider-iothub, 2026-08-15); the settings `queryIndexLagSeconds` and `statisticsLagSeconds` set the time
 * here.
 */
export class DeletedDevices {
    private readonly ofHub = new WeakMap<Hub, Map<string, DeletedDevice>>();

    constructor(
        private readonly clock: Clock,
        private readonly settings: Settings,
    ) {}

    remember(hub: Hub, deviceId: string, twin: () => JsonObject): void {
        if (this.longestLag() > 0) {
            const devices = this.ofHub.get(hub) ?? new Map<string, DeletedDevice>();
            devices.set(deviceId, { twin: twin(), at: this.clock.now() });
            this.ofHub.set(hub, devices);
        }
    }

    /** Twins in the index as they were at deletion, without those whose ID is in use again. */
    list(hub: Hub): ReadonlyMap<string, JsonObject> {
        return this.deletedWithin(hub, this.settings.queryIndexLagSeconds);
    }

    /** The same for those that the statistics count. */
    counted(hub: Hub): readonly JsonObject[] {
        return [...this.deletedWithin(hub, this.settings.statisticsLagSeconds).values()];
    }

    private deletedWithin(hub: Hub, seconds: number): ReadonlyMap<string, JsonObject> {
        const found = new Map<string, JsonObject>();
        const devices = this.ofHub.get(hub) ?? new Map<string, DeletedDevice>();
        const now = this.clock.now();
        for (const [deviceId, deleted] of devices) {
            if (deleted.at <= now - this.longestLag() * 1000 || hub.devices.has(deviceId)) {
                devices.delete(deviceId);
            } else if (deleted.at > now - seconds * 1000) {
                found.set(deviceId, deleted.twin);
            }
        }
        return found;
    }

    private longestLag(): number {
        const { queryIndexLagSeconds, statisticsLagSeconds } = this.settings;
        return Math.max(queryIndexLagSeconds, statisticsLagSeconds);
    }
}
