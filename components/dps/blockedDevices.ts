import { firstOf } from "../dynamic/nameList";
import { changeIdentity } from "../registry/changeIdentity";
import { hubRegistryAt } from "../registry/hubRegistry";
import { DeviceRecord, ownerOf } from "../registry/registry";
import { RegisteredDevice } from "../enrollments/enrollments";

/** Devices handled concurrently; each costs a read of the twin and an item of a bulk write. */
const parallel = 20;

/**
 * Disables devices of an enrollment group on their hubs, because a change at the provisioning service alone leaves them
 * connected (Azure docs: how-to-revoke-device-access-portal).
 *
 * @param owner `project/stack`; devices of other stacks stay unchanged
 * @param reason written to each identity
 * @returns how many were disabled
 * @throws Error that names the devices that were not disabled, once the others are
 */
export async function disableDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
    reason: string,
): Promise<number> {
    const changed = await changeDevices(devices, owner, (device) =>
        device.status === "disabled"
            ? undefined
            : { ...device, status: "disabled", statusReason: reason },
    );
    return changed.length;
}

/** Enables only the devices that were disabled for this reason. */
export async function enableDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
    reason: string,
): Promise<number> {
    const changed = await changeDevices(devices, owner, (device) =>
        device.status === "enabled" || device.statusReason !== reason
            ? undefined
            : { ...device, status: "enabled", statusReason: "" },
    );
    return changed.length;
}

/** A thumbprint that matches no certificate. */
const noCertificate = "0".repeat(64);

/**
 * Makes hubs forget the certificates of devices. A device that may still register does so and is recognised again (Azure
 * docs: how-to-roll-certificates); a device whose CA is gone cannot.
 *
 * @param isKept whether a device is known by a certificate that stays valid
 * @returns IDs of the devices that must register again
 */
export function forgetDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
    isKept: (device: DeviceRecord) => boolean,
): Promise<readonly string[]> {
    return changeDevices(devices, owner, (device) =>
        isKept(device) ? undefined : forgotten(device),
    );
}

/** Like {@link forgetDevices}, but only for identities that a registration created and no resource manages. */
export async function forgetRegistered(
    devices: readonly RegisteredDevice[],
    owner: string,
): Promise<void> {
    await changeDevices(devices, owner, (device) =>
        device.authentication.type !== "selfSigned" || ownerOf(device) !== undefined
            ? undefined
            : forgotten(device),
    );
}

function forgotten(device: DeviceRecord): DeviceRecord | undefined {
    return isForgotten(device)
        ? undefined
        : {
              ...device,
              authentication: {
                  type: "selfSigned",
                  x509Thumbprint: { primaryThumbprint: noCertificate },
              },
          };
}

/** Whether its hub was made to forget its certificate and the device has not registered since. */
export function isForgotten({ authentication }: DeviceRecord): boolean {
    return (
        authentication.type === "selfSigned" &&
        authentication.x509Thumbprint.primaryThumbprint === noCertificate
    );
}

/*
 * Reasons on identities. They are frozen: the program recognises by them what it disabled in existing stacks.
 */

/** Reason for a device that was disabled by itself. */
export const offReason = "off in the configuration";

const blocked = "blocked with enrollment group";

/** Reason for a device that was disabled with its group. */
export function blockReason(group: string): string {
    return `${blocked} ${group}`.slice(0, 128);
}

const dropped = "its CA or enrollment group was removed";

/** Reason for a device that is not in the configuration and whose group or CA was removed. */
export function droppedReason(group: string): string {
    return `${dropped}: ${group}`.slice(0, 128);
}

export function isDropped(reason: string): boolean {
    return reason.startsWith(dropped);
}

/** Whether the program disabled the device or removed its certificate, for whatever reason. */
export function isDisabledByProgram(device: DeviceRecord): boolean {
    const { statusReason = "" } = device;
    return (
        isForgotten(device) ||
        statusReason === offReason ||
        statusReason.startsWith(`${blocked} `) ||
        isDropped(statusReason)
    );
}

/** Returns the record that a device should have; undefined leaves it unchanged. */
type Wanted = (device: DeviceRecord) => DeviceRecord | undefined;

async function changeDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
    wanted: Wanted,
): Promise<readonly string[]> {
    const changed: string[] = [];
    const problems: string[] = [];
    const waiting = [...devices];
    const worker = async (): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
            try {
                if (await changeDevice(next, owner, wanted)) {
                    changed.push(next.deviceId);
                }
            } catch (error) {
                problems.push((error as Error).message);
            }
        }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    if (problems.length > 0) {
        throw new Error(firstOf(problems).join("\n"));
    }
    return changed;
}

async function changeDevice(
    { assignedHub, deviceId }: RegisteredDevice,
    owner: string,
    wanted: Wanted,
): Promise<boolean> {
    const hub = await hubRegistryAt(assignedHub);
    return changeIdentity(hub, deviceId, (present) => {
        const device = wanted(present);
        if (device === undefined) {
            return undefined;
        }
        refuseForeign(present, owner, assignedHub);
        return { mode: "update", device };
    });
}

/** @throws Error if the device belongs to another stack */
export function refuseForeign(present: DeviceRecord, owner: string, hostName: string): void {
    const other = ownerOf(present);
    if (other !== undefined && other !== owner) {
        throw new Error(
            `device "${present.deviceId}" on ${hostName} belongs to ${other}: it is left unchanged and is NOT cut off`,
        );
    }
}
