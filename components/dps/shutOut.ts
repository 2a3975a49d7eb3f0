import { PromiseCache } from "../async/promiseCache";
import { X509Certificate } from "crypto";
import { retryStale } from "../azure/staleEtag";
import { Change, changeIdentity } from "../registry/changeIdentity";
import { hubRegistryAt, linkedHostNames } from "../registry/hubRegistry";
import { DeviceRecord, ownerTag } from "../registry/registry";
import { isSameName } from "../x509/distinguishedName";
import { blockReason, isDropped, isForgotten, offReason, refuseForeign } from "./blockedDevices";
import { Enrollments, PresentEnrollment } from "../enrollments/enrollments";
import { FormerGroup, noGroup } from "./formerGroups";
import { generationIn } from "./generations";
import { currentOf, isTrusted, TrustedCertificates } from "./trustedCertificates";

/** A device of an enrollment group. */
export interface RegisteringDevice {
    /** Common name of its certificate; also its device ID. */
    readonly registrationId: string;
    /** Enrollment group. */
    readonly group: string;
    /** `project/stack`. */
    readonly owner: string;
    /** Whether the stack has an individual enrollment for it, or had one until this run. */
    readonly isEnrolled: boolean;
    /** Whether the stack also lists it on its own hub, and manages that identity itself. */
    readonly isListed: boolean;
    /** Host name of the stack's own hub, which may have an identity that the service does not know. */
    readonly hubHostName: string;
    /** Trusted generations of the group's CA. */
    readonly generations?: readonly number[];
    /** Groups that it left. */
    readonly formerGroups?: readonly FormerGroup[];
}

/** What happens to the identity of a device that is cut off. */
export type IdentityFate = "disabled" | "deleted";

export interface ShutOutDevice extends RegisteringDevice {
    /** PEM of a certificate of the device; even a disabled enrollment needs one. */
    readonly certificate: string;
}

/**
 * Prevents a device from registering through its group by a disabled individual enrollment, which takes precedence over the
 * group's whatever certificate the device has (Azure docs: how-to-unprovision-devices).
 *
 * @throws Error if it has an enrollment of somebody else; then the device is not cut off
 */
export async function deny(service: Enrollments, device: ShutOutDevice): Promise<void> {
    const { registrationId, group, owner, certificate, formerGroups = [] } = device;
    const trusted = await trustedBy(service, group);
    // A service that was created again may not have the group yet.
    const generations = trusted.length > 0 ? trusted : (device.generations ?? []);
    const mark: Mark = {
        stack: owner,
        shutOut: group,
        ...(generations.length > 0 ? { generations } : {}),
        ...(formerGroups.length > 0 ? { former: formerGroups.map(origin) } : {}),
    };
    await retryStale(async () => {
        const present = await service.get("individual", registrationId);
        if (present !== undefined && !isOwn(present, device)) {
            throw new Error(
                `the enrollment "${registrationId}" of the provisioning service does not belong to this stack, so the device ` +
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

/** Removes the enrollment of a device whose group is gone, so that nothing remains to keep it out of. */
export async function removeOwn(service: Enrollments, device: ShutOutDevice): Promise<void> {
    await retryStale(async () => {
        const present = await service.get("individual", device.registrationId);
        if (present !== undefined && isOwn(present, device)) {
            await service.delete("individual", device.registrationId, present.etag);
        }
    });
}

/**
 * Cuts off a device, which can no longer register, at its hub: the identity there trusts a thumbprint and outlives every
 * enrollment (same document).
 *
 * @param fate what to do with the identity
 * @throws Error if the identity belongs to somebody else
 */
export async function cutOff(
    service: Enrollments,
    device: RegisteringDevice,
    fate: IdentityFate,
): Promise<void> {
    for (const hostName of await hubsOf(service, device)) {
        await changeOwn(hostName, device, (present) =>
            fate === "deleted"
                ? { mode: "delete" }
                : isOff(present)
                  ? undefined
                  : update({ ...present, status: "disabled", statusReason: offReason }),
        );
    }
}

/**
 * Makes the hub accept the device's current certificate where it accepts one that is no longer valid: the identity of a
 * registered device trusts thumbprints, whatever happens to the CA.
 *
 * @param trust which certificates are valid
 * @param takenBy group whose CA registered the ID for somebody else; if the device was blocked with that group, it is unblocked
 */
export async function revokeOthers(
    service: Enrollments,
    device: RegisteringDevice,
    trust: TrustedCertificates,
    takenBy?: string,
): Promise<void> {
    // Includes the hub where the stack lists it, because it registered there, too.
    for (const hostName of await hubsOf(service, { ...device, isListed: false })) {
        const isChanged = await changeOwn(hostName, device, (present) =>
            isTrusted(present, trust)
                ? undefined
                : update({
                      ...(isBlockedWith(present, takenBy)
                          ? { ...present, status: "enabled", statusReason: "" }
                          : present),
                      authentication: currentOf(present, trust),
                  }),
        );
        if (isChanged) {
            console.log(
                `device "${device.registrationId}": from now on ${hostName} accepts only its current certificate`,
            );
        }
    }
}

/**
 * Reverts {@link deny} and {@link cutOff}; an identity that somebody else disabled stays disabled.
 *
 * @param blockedWith group with which the device remains blocked, if any
 */
export async function letIn(
    service: Enrollments,
    device: RegisteringDevice,
    blockedWith: string | undefined,
    trust: TrustedCertificates,
): Promise<void> {
    for (const hostName of await hubsOf(service, device)) {
        await changeOwn(hostName, device, (present) => {
            if (!isOff(present)) {
                return isForgotten(present)
                    ? update({ ...present, authentication: currentOf(present, trust) })
                    : undefined;
            }
            const { authentication } = isTrusted(present, trust)
                ? present
                : { authentication: currentOf(present, trust) };
            return update(
                blockedWith === undefined
                    ? { ...present, authentication, status: "enabled", statusReason: "" }
                    : { ...present, authentication, statusReason: blockReason(blockedWith) },
            );
        });
    }
    await removeDenial(service, device.registrationId);
}

/** Whether an enrollment is a denial, which keeps a device out. */
export function isDenial({ provisioningStatus, initialTwin }: PresentEnrollment): boolean {
    return provisioningStatus === "disabled" && markOf(initialTwin)?.shutOut !== undefined;
}

/**
 * Removes the denials of devices that left the configuration, once every CA that may have signed for them is gone.
 *
 * @param group group whose CAs changed; undefined attestation if it is gone, and all of its CAs with it
 * @param isConfigured whether a device is in the configuration, in which case its own resource handles it
 */
export async function sweepDenials(
    service: Enrollments,
    { group, owner }: Pick<RegisteringDevice, "group" | "owner">,
    isConfigured: (registrationId: string) => boolean,
): Promise<void> {
    const asked = new PromiseCache<readonly number[]>();
    const trusted = (name: string) => asked.get(name, () => trustedBy(service, name));
    for (const [id, present] of await service.individuals()) {
        const mark = markOf(present.initialTwin);
        const isOurs = isDenial(present) && mark?.stack === owner;
        const origins = mark === undefined ? [] : originsOf(mark);
        const isConcerned = isOurs && origins.some((one) => one.group === group);
        if (isConcerned && !isConfigured(id) && !(await isAnyTrusted(origins, trusted))) {
            await removeDenial(service, id);
        }
    }
}

async function isAnyTrusted(
    origins: readonly Origin[],
    trusted: (group: string) => Promise<readonly number[]>,
): Promise<boolean> {
    for (const { group, generations } of origins) {
        const now = await trusted(group);
        if (now.length > 0 && (generations?.some((one) => now.includes(one)) ?? true)) {
            return true;
        }
    }
    return false;
}

/** Removes the denial of a device, but no other enrollment that has replaced it. */
export async function removeDenial(service: Enrollments, registrationId: string): Promise<void> {
    await retryStale(async () => {
        const present = await service.get("individual", registrationId);
        if (present !== undefined && isDenial(present)) {
            await service.delete("individual", registrationId, present.etag);
        }
    });
}

/** Whether its identity is disabled on each hub, or does not exist. */
export async function isCut(service: Enrollments, device: RegisteringDevice): Promise<boolean> {
    const hubs = await hubsOf(service, device);
    const identities = await Promise.all(
        hubs.map(async (one) => (await hubRegistryAt(one)).registry.get(device.registrationId)),
    );
    return identities.every((one) => one?.status !== "enabled");
}

function isBlockedWith({ statusReason }: DeviceRecord, group: string | undefined): boolean {
    return group !== undefined && statusReason === blockReason(group);
}

function isOff({ status, statusReason = "" }: DeviceRecord): boolean {
    return status === "disabled" && (statusReason === offReason || isDropped(statusReason));
}

interface Mark {
    readonly stack: string;
    readonly shutOut?: string;
    /** Generations of the group's CA that may have signed for the device. */
    readonly generations?: readonly number[];
    /** The same for groups that the device left. */
    readonly former?: readonly Origin[];
}

/** A group whose CA may have signed for a device. */
interface Origin {
    readonly group: string;
    readonly generations?: readonly number[];
}

function origin({ group, generations }: FormerGroup): Origin {
    return { group, generations };
}

function originsOf({ shutOut = noGroup, generations, former = [] }: Mark): readonly Origin[] {
    return [{ group: shutOut, ...(generations === undefined ? {} : { generations }) }, ...former];
}

async function trustedBy(service: Enrollments, group: string): Promise<readonly number[]> {
    return group === noGroup ? [] : generationsOf(await service.get("group", group));
}

function generationsOf(group: PresentEnrollment | undefined): number[] {
    const names = [
        ...(group?.caReferences ?? []),
        ...(group?.certificateNames ?? []).map(({ subject }) => subject),
    ];
    return names.flatMap((name) => generationIn(name) ?? []);
}

function markOf(twin: PresentEnrollment["initialTwin"]): Mark | undefined {
    return twin?.tags[ownerTag] as Mark | undefined;
}

/** Decides by its mark; without one, by whether the stack created one or the certificate has the same issuer. */
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

/**
 * Returns the hub that the service assigned, and the stack's own. The service deletes a registration with its enrollment,
 * but the identity stays; then it may be on any linked hub.
 */
export async function hubsOf(
    service: Enrollments,
    {
        registrationId,
        hubHostName,
        isListed,
    }: Pick<RegisteringDevice, "registrationId" | "hubHostName" | "isListed">,
): Promise<string[]> {
    const registration = await service.settledRegistration(registrationId);
    const assigned =
        registration === undefined ? linkedHostNames(hubHostName) : [registration.assignedHub];
    const hubs = new Set([...assigned, hubHostName]);
    return [...hubs].filter((hub) => !isListed || hub !== hubHostName);
}

function update(device: DeviceRecord): Change {
    return { mode: "update", device };
}

/** Changes an identity of the stack, or one without an owner. */
async function changeOwn(
    hostName: string,
    { registrationId, owner }: RegisteringDevice,
    decide: (present: DeviceRecord) => Change | undefined,
): Promise<boolean> {
    const hub = await hubRegistryAt(hostName);
    return changeIdentity(hub, registrationId, (present) => {
        const change = decide(present);
        if (change !== undefined) {
            refuseForeign(present, owner, hostName);
        }
        return change;
    });
}
