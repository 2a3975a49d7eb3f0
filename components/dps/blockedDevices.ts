import { hubRegistryAt } from "../iothub/hubRegistry";
import { DeviceRecord } from "../iothub/registry";
import { RegisteredDevice } from "./enrollments";

/** At once; each is a read of the twin and an item of a bulk write. */
const parallel = 20;

/**
 * Disables on their hubs the devices that a blocked enrollment group brought there, because blocking at the provisioning
 * service alone leaves them connected (Azure docs: how-to-revoke-device-access-portal).
 *
 * @returns how many were disabled
 */
export function disableDevices(
    devices: readonly RegisteredDevice[],
    group: string,
): Promise<number> {
    return changeDevices(devices, (device) => {
        if (device.status === "disabled") {
            return undefined;
        }
        return { ...device, status: "disabled", statusReason: blockReason(group) };
    });
}

/** Enables again those, and only those, that were disabled with their group. */
export function enableDevices(
    devices: readonly RegisteredDevice[],
    group: string,
): Promise<number> {
    return changeDevices(devices, (device) => {
        if (device.statusReason !== blockReason(group)) {
            return undefined;
        }
        return { ...device, status: "enabled", statusReason: "" };
    });
}

/** Written to the identity of a device that was disabled with its group. */
export function blockReason(group: string): string {
    return `blocked with enrollment group ${group}`.slice(0, 128);
}

/** The record that a device shall have; undefined: as it is. */
type Change = (device: DeviceRecord) => DeviceRecord | undefined;

async function changeDevices(
    devices: readonly RegisteredDevice[],
    change: Change,
): Promise<number> {
    let changed = 0;
    const waiting = [...devices];
    const worker = async (): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
            changed += await changeDevice(next, change);
        }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return changed;
}

async function changeDevice(device: RegisteredDevice, change: Change): Promise<number> {
    const { assignedHub: hostName, deviceId } = device;
    const { registry, queue } = await hubRegistryAt(hostName);
    const present = await registry.get(deviceId);
    const wanted = present && change(present);
    if (wanted === undefined) {
        return 0;
    }
    const error = await queue.run({ mode: "update", device: wanted });
    if (error !== undefined) {
        throw new Error(`device "${deviceId}" on ${hostName}: ${error.code} ${error.message}`);
    }
    return 1;
}
