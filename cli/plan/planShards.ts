import { DeviceSettings, GroupSettings, Settings } from "../../stacks/settings";
import { shardNames, shardOf } from "../../stacks/shards";
import { deviceBytes, EngineWork, keySeconds } from "./planModel";
import { isListed } from "../../stacks/deviceProvisioning";

/** The part of a fleet that one stack holds. */
export interface StackShare {
    /** Name of the group's shard; undefined: all stacks hold equal parts, or there is only one. */
    readonly shard: string | undefined;
    readonly devices: number;
    /** How many of the devices are on the hub's list. */
    readonly listed: number;
    /** Size of its state. */
    readonly bytes: number;
    /** Processor time of its devices' keys, in seconds of one core. */
    readonly keySeconds: number;
}

/** The share of each stack with devices: the only one, or the fleet stacks in the order of deployment. */
export function stackShares(settings: Settings): readonly StackShare[] {
    const { shards, devices } = settings;
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    if (shards?.by !== "group") {
        return equalShares(shareOf(undefined, devices, groups), shards?.count ?? 1);
    }
    const members = new Map<string, DeviceSettings[]>(
        shardNames(shards, settings).map((name) => [name, []]),
    );
    for (const device of devices) {
        members.get(shardOf(shards, device))?.push(device);
    }
    return [...members].map(([name, own]) => shareOf(name, own, groups));
}

/** Equal shares, which approximate those of a hash closely. */
function equalShares(whole: StackShare, stacks: number): StackShare[] {
    const listed = evenly(whole.listed, stacks);
    return evenly(whole.devices, stacks).map((devices, index) => ({
        shard: undefined,
        devices,
        listed: listed[index],
        bytes: whole.bytes / stacks,
        keySeconds: whole.keySeconds / stacks,
    }));
}

/** The work, divided equally among the stacks. */
export function equalWork(work: EngineWork, stacks: number): EngineWork[] {
    const created = evenly(work.created, stacks);
    return evenly(work.unchanged, stacks).map((unchanged, index) => ({
        unchanged,
        created: created[index],
        keySeconds: work.keySeconds / stacks,
    }));
}

/** The share with the largest state. */
export function largestShare(shares: readonly StackShare[]): StackShare {
    return shares.reduce((largest, share) => (share.bytes > largest.bytes ? share : largest));
}

/** New devices by stack: spread by the hash, or all in the group with the largest shard, which is the slowest. */
export function newDevices(shares: readonly StackShare[], count: number): number[] {
    const largest = largestShare(shares);
    return largest.shard === undefined
        ? evenly(count, shares.length)
        : shares.map((share) => (share === largest ? count : 0));
}

function shareOf(
    shard: string | undefined,
    devices: readonly DeviceSettings[],
    groups: ReadonlyMap<string, GroupSettings>,
): StackShare {
    const share = { shard, devices: devices.length, listed: 0, bytes: 0, keySeconds: 0 };
    for (const device of devices) {
        const group = groups.get(device.group ?? "");
        share.listed += isListed(group) ? 1 : 0;
        share.bytes += deviceBytes(device, group);
        share.keySeconds += keySeconds(device, group);
    }
    return share;
}

/** Divides a whole number into whole parts; the first ones may be larger by one. */
function evenly(total: number, parts: number): number[] {
    const rest = total % parts;
    return Array.from(
        { length: parts },
        (_, index) => Math.floor(total / parts) + (index < rest ? 1 : 0),
    );
}
