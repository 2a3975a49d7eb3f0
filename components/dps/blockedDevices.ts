import { firstOf } from "../dynamic/nameList";
import { changeIdentity } from "../registry/changeIdentity";
import { hubRegistryAt } from "../registry/hubRegistry";
import { DeviceRecord, ownerOf } from "../registry/registry";
import { RegisteredDevice } from "../enrollments/enrollments";

/** At once; each is a read of the twin and an item of a bulk write. */
const parallel = 20;

/**
 * Disables on their hubs devices that an enrollment group brought there, because what happens at the provisioning service
 * alone leaves them connected (Azure docs: how-to-revoke-device-access-portal).
 *
 * @param owner `project/stack`; what another stack claims is left as it is
 * @param reason written to each identity
 * @returns how many were disabled
 * @throws Error that names those that were not, when the others are done
 */
export function disableDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
    reason: string,
): Promise<number> {
    return changeDevices(devices, owner, (device) =>
        device.status === "disabled"
            ? undefined
            : { ...device, status: "disabled", statusReason: reason },
    );
}

/** Enables again those, and only those, that were disabled for this reason. */
export function enableDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
    reason: string,
): Promise<number> {
    return changeDevices(devices, owner, (device) =>
        device.status === "enabled" || device.statusReason !== reason
            ? undefined
            : { ...device, status: "enabled", statusReason: "" },
    );
}

/** A thumbprint that no certificate has. */
const noCertificate = "0".repeat(64);

/**
 * Makes hubs forget by which certificates they recognise devices. One that may still register does so again and is known
 * again (Azure docs: how-to-roll-certificates); one whose CA is gone may not.
 *
 * @returns how many devices must register again
 */
export function forgetDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
): Promise<number> {
    return changeDevices(devices, owner, forgotten);
}

/** The same of those alone whose identities registrations made, and nothing else in the program sees to. */
export function forgetRegistered(
    devices: readonly RegisteredDevice[],
    owner: string,
): Promise<number> {
    return changeDevices(devices, owner, (device) =>
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

/** Whether its hub was made to forget its certificate, and it has not registered since. */
export function isForgotten({ authentication }: DeviceRecord): boolean {
    return (
        authentication.type === "selfSigned" &&
        authentication.x509Thumbprint.primaryThumbprint === noCertificate
    );
}

/*
 * Reasons on identities. Those of running stacks bear them: another text would not be known for the program's own.
 */

/** Written to the identity of a device that was disabled alone. */
export const offReason = "off in the configuration";

const blocked = "blocked with enrollment group";

/** Written to the identity of a device that was disabled with its group. */
export function blockReason(group: string): string {
    return `${blocked} ${group}`.slice(0, 128);
}

const dropped = "its CA or enrollment group was removed";

/** Written to the identity of a device that the configuration does not name, when its group or its CA went. */
export function droppedReason(group: string): string {
    return `${dropped}: ${group}`.slice(0, 128);
}

export function isDropped(reason: string): boolean {
    return reason.startsWith(dropped);
}

/** Whether the program disabled the device, or took its certificate from it, for any reason. */
export function isDisabledByProgram(device: DeviceRecord): boolean {
    const { statusReason = "" } = device;
    return (
        isForgotten(device) ||
        statusReason === offReason ||
        statusReason.startsWith(`${blocked} `) ||
        isDropped(statusReason)
    );
}

/** The record that a device shall have; undefined: as it is. */
type Wanted = (device: DeviceRecord) => DeviceRecord | undefined;

async function changeDevices(
    devices: readonly RegisteredDevice[],
    owner: string,
    wanted: Wanted,
): Promise<number> {
    let changed = 0;
    const problems: string[] = [];
    const waiting = [...devices];
    const worker = async (): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
            try {
                changed += (await changeDevice(next, owner, wanted)) ? 1 : 0;
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

/** @throws Error when another stack claims the device */
export function refuseForeign(present: DeviceRecord, owner: string, hostName: string): void {
    const other = ownerOf(present);
    if (other !== undefined && other !== owner) {
        throw new Error(
            `device "${present.deviceId}" on ${hostName} belongs to ${other}: it is left unchanged and is NOT cut off`,
        );
    }
}
