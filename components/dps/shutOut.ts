import { X509Certificate } from "crypto";
import { setTimeout as sleep } from "timers/promises";
import { retryStale } from "../azure/staleEtag";
import { hubRegistryAt } from "../iothub/hubRegistry";
import { DeviceRecord, ownerTag, RegistryOperation } from "../iothub/registry";
import { isSameName } from "../pki/distinguishedName";
import { blockReason } from "./blockedDevices";
import { Enrollments, PresentEnrollment } from "./enrollments";

/** An assignment that is on its way ends within seconds; then its identity is there to be cut. */
const assigningSeconds = 60;

/** A device of an enrollment group. */
export interface RegisteringDevice {
    /** Common name of its certificate; also its device ID. */
    readonly registrationId: string;
    /** Enrollment group. */
    readonly group: string;
    /** `project/stack`. */
    readonly owner: string;
    /** Whether the stack has an enrollment of its own for it, or had until this run. */
    readonly isEnrolled: boolean;
    /** Whether the stack lists it on its own hub, too, and sees to that identity itself. */
    readonly isListed: boolean;
    /** Host name of the stack's own hub, where an identity may be of which the service knows nothing. */
    readonly hubHostName: string;
}

export interface ShutOutDevice extends RegisteringDevice {
    /** PEM of a certificate of the device: an enrollment needs one, also when it lets nobody in. */
    readonly certificate: string;
}

/**
 * Keeps a device from registering through its group: a disabled enrollment of its own goes before the group's, whatever
 * certificate the device has (Azure docs: how-to-unprovision-devices).
 *
 * @throws Error when it has an enrollment that is somebody else's: the device is not out then
 */
export async function deny(service: Enrollments, device: ShutOutDevice): Promise<void> {
    const { registrationId, group, owner, certificate } = device;
    const mark: Mark = { stack: owner, shutOut: group };
    await retryStale(async () => {
        const present = await service.get("individual", registrationId);
        if (present !== undefined && !isOwn(present, device)) {
            throw new Error(
                `the enrollment "${registrationId}" of the provisioning service is not this stack's, so the device ` +
                    `is NOT cut off; delete or disable it there, and run this again`,
            );
        }
        await service.put(
            "individual",
            registrationId,
            { clientCertificates: [certificate] },
            {
                provisioningStatus: "disabled",
                iotEdge: false,
                updateHubAssignment: true,
                migrateDeviceData: true,
                initialTwin: { tags: { [ownerTag]: mark }, desired: {} },
            },
            present?.etag,
        );
    });
}

/**
 * Cuts a device that cannot register any more off the hub that it was assigned to: the identity there trusts a thumbprint,
 * and outlives every enrollment (same document).
 *
 * @param fate of the identity
 * @throws Error when the identity is somebody else's
 */
export async function cutOff(
    service: Enrollments,
    device: RegisteringDevice,
    fate: "disabled" | "deleted",
): Promise<void> {
    await assignmentEnded(service, device.registrationId);
    for (const hostName of await hubsOf(service, device)) {
        await changeIdentity(hostName, device, (present) =>
            fate === "deleted"
                ? { mode: "delete", deviceId: present.deviceId }
                : isOff(present)
                  ? undefined
                  : update({ ...present, status: "disabled", statusReason: offReason }),
        );
    }
}

/**
 * Takes back what {@link deny} and {@link cutOff} did; an identity that somebody else disabled stays disabled.
 *
 * @param blockedWith the group, when the device goes on being blocked with it
 */
export async function letIn(
    service: Enrollments,
    device: RegisteringDevice,
    blockedWith: string | undefined,
): Promise<void> {
    for (const hostName of await hubsOf(service, device)) {
        await changeIdentity(hostName, device, (present) =>
            !isOff(present)
                ? undefined
                : update(
                      blockedWith === undefined
                          ? { ...present, status: "enabled", statusReason: "" }
                          : { ...present, statusReason: blockReason(blockedWith) },
                  ),
        );
    }
    await removeDenial(service, device.registrationId);
}

/** Whether an enrollment is one that keeps a device out. */
export function isDenial({ provisioningStatus, initialTwin }: PresentEnrollment): boolean {
    return provisioningStatus === "disabled" && markOf(initialTwin)?.shutOut !== undefined;
}

/** Removes what keeps a device out, and nothing else that has taken its place. */
export async function removeDenial(service: Enrollments, registrationId: string): Promise<void> {
    await retryStale(async () => {
        const present = await service.get("individual", registrationId);
        if (present !== undefined && isDenial(present)) {
            await service.delete("individual", registrationId, present.etag);
        }
    });
}

/** Whether the identity on the hub it was assigned to is out, or is not there at all. */
export async function isCut(service: Enrollments, device: RegisteringDevice): Promise<boolean> {
    const hubs = await hubsOf(service, device);
    const identities = await Promise.all(
        hubs.map(async (one) => (await hubRegistryAt(one)).registry.get(device.registrationId)),
    );
    return identities.every((one) => one?.status !== "enabled");
}

const offReason = "off in the configuration";

function isOff({ status, statusReason }: DeviceRecord): boolean {
    return status === "disabled" && statusReason === offReason;
}

interface Mark {
    readonly stack: string;
    readonly shutOut?: string;
}

function markOf(twin: PresentEnrollment["initialTwin"]): Mark | undefined {
    return twin?.tags[ownerTag] as Mark | undefined;
}

/** By its mark; one without is the stack's where it made one, or when its certificate has the same issuer. */
function isOwn(
    { initialTwin, certificateNames }: PresentEnrollment,
    { owner, certificate, isEnrolled }: ShutOutDevice,
): boolean {
    const mark = markOf(initialTwin);
    if (mark !== undefined) {
        return mark.stack === owner;
    }
    const { issuer } = new X509Certificate(certificate);
    return isEnrolled || certificateNames.some((names) => isSameName(names.issuer, issuer));
}

/** A registration that began before the enrollment was disabled may still bring the device to a hub. */
async function assignmentEnded(service: Enrollments, registrationId: string): Promise<void> {
    for (let seconds = 0; await service.isAssigning(registrationId); seconds++) {
        if (seconds >= assigningSeconds) {
            throw new Error(
                `device "${registrationId}" has been in the middle of a registration for ${assigningSeconds} s, so it ` +
                    `is NOT cut off; run this again`,
            );
        }
        await sleep(1000);
    }
}

async function hubsOf(
    service: Enrollments,
    { registrationId, hubHostName, isListed }: RegisteringDevice,
): Promise<string[]> {
    const registration = await service.registration(registrationId);
    const hubs = new Set([registration?.assignedHub ?? hubHostName, hubHostName]);
    return [...hubs].filter((hub) => !isListed || hub !== hubHostName);
}

function update(device: DeviceRecord): RegistryOperation {
    return { mode: "update", device };
}

/** Of the stack's own device, or of one that nobody claims. */
async function changeIdentity(
    hostName: string,
    { registrationId, owner }: RegisteringDevice,
    change: (present: DeviceRecord) => RegistryOperation | undefined,
): Promise<void> {
    const { registry, queue } = await hubRegistryAt(hostName);
    const present = await registry.get(registrationId);
    const operation = present && change(present);
    if (present === undefined || operation === undefined) {
        return;
    }
    const stack = (present.tags[ownerTag] as { readonly stack?: string } | undefined)?.stack;
    if (stack !== undefined && stack !== owner) {
        throw new Error(
            `device "${registrationId}" on ${hostName} belongs to ${stack}: it is left as it is, and NOT cut off`,
        );
    }
    const error = await queue.run(operation);
    if (error !== undefined && !/DeviceNotFound|404001/.test(error.code)) {
        throw new Error(
            `device "${registrationId}" on ${hostName}: ${error.code} ${error.message}`.trim(),
        );
    }
}
