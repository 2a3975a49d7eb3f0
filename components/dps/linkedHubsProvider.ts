/*
 * LinkedHubs: identities that a provisioning service created on hubs of other stacks. The resource itself is not on Azure.
 *
 * | method | REST calls | when interrupted |
 * | --- | --- | --- |
 * | check, create, read | none | |
 * | diff | for unlinked hubs: as update, but reads only; to announce whom it cuts off | |
 * | update | for unlinked hubs: GET of the hub; POST /enrollmentGroups/query, /registrations/{group}/query, /enrollments/query; GET /registrations/{id}; its hub's POST /devices/query, GET /twins/{id}, POST /devices (bulk delete); DELETE /registrations/{id} | update again |
 * | delete | as update, for all hubs that the configuration does not link; none in a destroy | delete again |
 */
import * as pLimit from "p-limit";
import type {
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { azure, configureAzure } from "../azure/clients";
import { AzureError } from "../azure/client";
import { firstOf, nameList } from "../dynamic/nameList";
import { isConfigured, isDeclared, noteProgram } from "../dynamic/stackSettings";
import { changedKeys, isUnknown } from "../dynamic/values";
import { changeIdentity } from "../registry/changeIdentity";
import { hubRegistryAt } from "../registry/hubRegistry";
import { ownerOf } from "../registry/registry";
import { isDisabledByProgram, refuseForeign } from "./blockedDevices";
import { Enrollments, RegisteredDevice } from "../enrollments/enrollments";
import { exists, service, serviceAtOnce, ServiceAddress } from "../enrollments/services";

const armVersion = "2023-06-30";
/** Devices handled concurrently; each costs a read of the twin, an item of a bulk write and a call to the service. */
const parallel = 20;

interface Hub {
    /** ARM resource ID. */
    readonly id: string;
    readonly hostName: string;
}

interface Inputs extends ServiceAddress {
    readonly hubs: readonly Hub[];
    /** `project/stack`. */
    readonly owner: string;
}

export const provider: ResourceProvider<Inputs, Inputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    diff,
    create: async (inputs: Inputs): Promise<CreateResult<Inputs>> => ({
        id: "linked",
        outs: inputs,
    }),
    update,
    delete: deleteLinks,
};

async function check(_: Inputs, inputs: Inputs): Promise<CheckResult<Inputs>> {
    noteProgram();
    return { inputs };
}

async function diff(_: string, olds: Inputs, news: Inputs): Promise<DiffResult> {
    const gone = dropped(olds, news);
    if (gone.length > 0) {
        await announce(olds, gone);
    }
    const isOther = gone.length > 0 || (!isUnknown(news.hubs) && dropped(news, olds).length > 0);
    return {
        // The host name is ignored: it follows from the service's ID, and previews that change the service do not know it.
        changes: isOther || changedKeys(olds, news, ["serviceId", "owner"]).length > 0,
    };
}

/**
 * Returns the hubs of `one` that `other` lacks. Compares IDs, because host names follow from them and a preview that
 * changes the stack's own hub does not know its host name.
 */
function dropped(one: Pick<Inputs, "hubs">, other: Pick<Inputs, "hubs">): Hub[] {
    if (isUnknown(other.hubs)) {
        return [];
    }
    const kept = other.hubs.map(({ id }) => id.toLowerCase());
    return one.hubs.filter(({ id }) => !kept.includes(id.toLowerCase()));
}

async function update(_: string, olds: Inputs, news: Inputs): Promise<UpdateResult<Inputs>> {
    await leave(olds, dropped(olds, news));
    return { outs: news };
}

/** Handles that the stack no longer links hubs of other stacks. In a destroy, those hubs keep the identities. */
async function deleteLinks(_: string, state: Inputs): Promise<void> {
    if (isDeclared()) {
        await leave(state, state.hubs);
    }
}

async function announce(state: Inputs, hubs: readonly Hub[]): Promise<void> {
    const names = nameList(hubs.map(({ hostName }) => hostName));
    const devices = await devicesOn(serviceAtOnce(state), hubs, "now").catch(() => undefined);
    const who =
        devices === undefined
            ? `the devices that registered there; ${state.hostName} did not tell which`
            : nameList(devices.map(({ deviceId }) => deviceId)) || "no device";
    console.log(
        `${names} will not be linked any more: what the provisioning service made there is deleted, and must register ` +
            `again: ${who}`,
    );
}

/**
 * Deletes the identities that the service created on hubs, and their registrations, which would still name those hubs.
 *
 * @throws Error that names what still exists, once the rest is deleted
 */
async function leave(state: Inputs, hubs: readonly Hub[]): Promise<void> {
    if (hubs.length === 0 || !(await exists(state.serviceId))) {
        return;
    }
    const enrollments = service(state);
    const devices = await devicesOn(enrollments, hubs, "settled");
    const gone = new Set<string>();
    for (const { id, hostName } of hubs) {
        if (!(await isThere(id))) {
            gone.add(hostName);
        }
    }
    const present = hubs.map(({ hostName }) => hostName).filter((one) => !gone.has(one));
    const unrecorded = (await Promise.all(present.map(unrecordedOn))).flat();
    const problems = unrecorded
        .filter(({ isOurs, isEnabled }) => isEnabled && !isOurs)
        .map((one) =>
            stillIn(
                one,
                "it has no owner tag, and the provisioning service has no registration of it any more",
            ),
        );
    const recorded = new Set(devices);
    const atOnce = pLimit(parallel);
    const leaveOne = async (device: RegisteredDevice): Promise<void> => {
        try {
            if (!gone.has(device.assignedHub)) {
                await remove(device, state.owner);
            }
            if (recorded.has(device)) {
                await enrollments.deleteRegistration(device.deviceId);
            }
        } catch (error) {
            problems.push(stillIn(device, (error as Error).message));
        }
    };
    const leaving = [...devices, ...unrecorded.filter(({ isOurs }) => isOurs)];
    await Promise.all(leaving.map((device) => atOnce(() => leaveOne(device))));
    if (problems.length > 0) {
        throw new Error(
            `${firstOf(problems).join("\n")}\nDelete it there, or link the hub again, and run this again.`,
        );
    }
    if (devices.length > 0) {
        console.log(
            `no longer on ${nameList(hubs.map(({ hostName }) => hostName))}, until they register again elsewhere: ` +
                nameList(devices.map(({ deviceId }) => deviceId)),
        );
    }
}

function stillIn({ deviceId, assignedHub }: RegisteredDevice, why: string): string {
    return `device "${deviceId}" can still connect to ${assignedHub}: ${why}`;
}

interface UnrecordedDevice extends RegisteredDevice {
    readonly isEnabled: boolean;
    /** Whether its status reason is the program's. */
    readonly isOurs: boolean;
}

/**
 * Lists configured devices whose identities have no owner tag. The service deletes a registration with its enrollment; the
 * identity created by it stays, without an owner tag.
 */
async function unrecordedOn(hostName: string): Promise<UnrecordedDevice[]> {
    const { registry } = await hubRegistryAt(hostName);
    return (await registry.selfSigned())
        .filter((device) => ownerOf(device) === undefined && isConfigured(device.deviceId))
        .map((device) => ({
            deviceId: device.deviceId,
            assignedHub: hostName,
            isEnabled: device.status === "enabled",
            isOurs: isDisabledByProgram(device),
        }));
}

async function remove({ assignedHub, deviceId }: RegisteredDevice, owner: string): Promise<void> {
    const hub = await hubRegistryAt(assignedHub);
    await changeIdentity(hub, deviceId, (present) => {
        refuseForeign(present, owner, assignedHub);
        return { mode: "delete" };
    });
}

/** Whether the hub exists: nothing can be left on one that does not. A login that may not read it counts as existing. */
async function isThere(hubId: string): Promise<boolean> {
    const { arm, cloud } = azure();
    const url = `${cloud.arm}${hubId}?api-version=${armVersion}`;
    try {
        await arm.send({ method: "GET", url, expect: [200] });
        return true;
    } catch (error) {
        return !(error instanceof AzureError && error.status === 404);
    }
}

/** @param when `settled` waits until no registration is in progress */
async function devicesOn(
    enrollments: Enrollments,
    hubs: readonly Hub[],
    when: "now" | "settled",
): Promise<RegisteredDevice[]> {
    const found = await enrollments.allRegistered(when === "settled");
    const names = new Set(hubs.map(({ hostName }) => hostName.toLowerCase()));
    return found.filter(({ assignedHub }) => names.has(assignedHub.toLowerCase()));
}
