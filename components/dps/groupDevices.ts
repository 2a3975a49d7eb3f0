import { nameList } from "../dynamic/nameList";
import { idSet } from "../dynamic/values";
import {
    blockReason,
    disableDevices,
    droppedReason,
    enableDevices,
    forgetDevices,
    forgetRegistered,
} from "./blockedDevices";
import { isConfiguredInAnyCase } from "../dynamic/stackSettings";
import { RegisteredDevice } from "../enrollments/enrollments";
import { service, serviceAtOnce, ServiceAddress } from "../enrollments/services";
import { revocationOf } from "./formerGroups";
import { sweepDenials } from "./shutOut";
import { isKnownByIssued, issuedBy } from "./trustedCertificates";

/** The properties of an enrollment group that decide about its devices on hubs. */
export interface Group extends ServiceAddress {
    readonly enrollmentId: string;
    readonly provisioningStatus: "enabled" | "disabled";
    /** `project/stack`. */
    readonly owner?: string;
    /** Generations of its CAs. */
    readonly generations?: readonly number[];
}

/** Device IDs in the configuration; not stored with the group, because the state has each device already. */
interface Roster {
    readonly members: ReadonlySet<string>;
    readonly others: ReadonlySet<string>;
}

const rosters = new Map<string, Roster>();

/**
 * Call this in the `check` of a group.
 *
 * @param members IDs of its devices in the configuration
 * @param others IDs of devices of other groups
 */
export function noteRoster(
    group: Pick<Group, "serviceId" | "enrollmentId">,
    members?: readonly string[],
    others?: readonly string[],
): void {
    rosters.set(keyOf(group), { members: idSet(members), others: idSet(others) });
}

function keyOf({ serviceId, enrollmentId }: Pick<Group, "serviceId" | "enrollmentId">): string {
    return `${serviceId}/${enrollmentId}`;
}

/** Announces in a preview whom the run will cut off. A login that may not list registrations can still block the group. */
export async function announceCut(inputs: Group): Promise<void> {
    const devices = await serviceAtOnce(inputs)
        .registered(inputs.enrollmentId)
        .catch(() => undefined);
    if (devices === undefined) {
        console.log(
            `enrollment group ${inputs.enrollmentId} will be blocked, and the devices that registered through it will be ` +
                `cut off; ${inputs.hostName} did not list them`,
        );
        return;
    }
    const ids = devices.map(({ deviceId }) => deviceId);
    console.log(
        `enrollment group ${inputs.enrollmentId} will be blocked; ` +
            `${ids.length} registered devices will be cut off${ids.length > 0 ? `: ${nameList(ids)}` : ""}`,
    );
}

/** Call this after updating the enrollment, so that no device registers in between. Idempotent. */
export async function applyBlock(
    inputs: Group,
    before: Group["provisioningStatus"],
): Promise<void> {
    const { enrollmentId: group, provisioningStatus, owner = "" } = inputs;
    if (provisioningStatus === "enabled" && before === "enabled") {
        return;
    }
    const devices = await service(inputs).settled(group);
    const isBlocked = provisioningStatus === "disabled";
    const others = rosters.get(keyOf(inputs))?.others ?? new Set();
    const isOther = ({ deviceId }: RegisteredDevice) => others.has(deviceId.toLowerCase());
    const count = isBlocked
        ? await disableDevices(devices, owner, blockReason(group))
        : await enableDevices(
              devices.filter((one) => !isOther(one)),
              owner,
              blockReason(group),
          );
    if (count > 0) {
        const verb = isBlocked ? "disabled" : "enabled again";
        console.log(`enrollment group ${group}: ${count} of its devices ${verb} on the hub`);
    }
    const taken = isBlocked ? [] : devices.filter(isOther).map(({ deviceId }) => deviceId);
    if (taken.length > 0) {
        console.log(
            `${nameList(taken)}: in another group, but registered with a certificate of group ${group}; an identity that was disabled with ` +
                `that group stays disabled: "pulumi up --refresh" restores each device's certificate`,
        );
    }
}

/**
 * Cuts off devices that registered under a removed CA and are not in the configuration, because no other resource handles
 * them. Also removes denials that are no longer needed. A device that moved to another group keeps only the certificates
 * that are valid there.
 *
 * Neither registration nor identity tells which CA signed; only the EST service notes it. So while the group has another CA,
 * each such device must register again, which devices of the removed CA cannot, unless its hub knows it by a certificate that
 * was noted and stays valid.
 *
 * @param before devices that had registered while the group existed
 * @param isMember receives an ID in lower case; default: the members passed to {@link noteRoster}
 */
export async function dropStrays(
    inputs: Group,
    before: readonly RegisteredDevice[] = [],
    isMember = (id: string) => rosters.get(keyOf(inputs))?.members.has(id) ?? true,
): Promise<void> {
    const { enrollmentId: group, owner, generations = [] } = inputs;
    if (owner === undefined) {
        return;
    }
    const now = await service(inputs).settled(group);
    const all = new Map([...before, ...now].map((one) => [one.deviceId, one]));
    const others = [...all.values()].filter(({ deviceId }) => !isMember(deviceId.toLowerCase()));
    const moved = others.filter(({ deviceId }) => isConfiguredInAnyCase(deviceId));
    const strays = others.filter((one) => !moved.includes(one));
    await revokeMoved(moved, owner);
    if (generations.length > 0) {
        const isValid = issuedBy({ group, generations });
        const forgotten = await forgetDevices(strays, owner, (one) =>
            isKnownByIssued(one, isValid),
        );
        if (forgotten.length > 0) {
            console.log(
                `enrollment group ${group}: ${forgotten.length} devices that are not in the configuration are refused by their hubs ` +
                    `until they register again with a certificate of a CA that is still trusted: ` +
                    nameList(forgotten),
            );
        }
    } else {
        const count = await disableDevices(strays, owner, droppedReason(group));
        if (count > 0) {
            console.log(
                `enrollment group ${group}: ${count} devices that are not in the configuration are disabled on the hub, ` +
                    `because the CA under which they registered was removed`,
            );
        }
    }
    await sweepDenials(
        service(inputs),
        { group, owner },
        (id) => isMember(id) || isConfiguredInAnyCase(id),
    );
}

/** Skips listed devices, whose identities carry the stack's tag: their own resources handle them. */
async function revokeMoved(moved: readonly RegisteredDevice[], owner: string): Promise<void> {
    const unknown: RegisteredDevice[] = [];
    for (const device of moved) {
        const revoke = revocationOf(device.deviceId);
        if (revoke === undefined) {
            unknown.push(device);
        } else {
            await revoke();
        }
    }
    await forgetRegistered(unknown, owner);
}
