import { createHash } from "crypto";
import { DeviceSettings, Settings, Sharding } from "./settings";

/**
 * Output of a hub's stack with what its fleet stacks need. It exists from the moment the first device moves to a fleet
 * stack, so its presence means that the hub's stack does not hold its devices.
 */
export const platformReferenceOutput = "forFleetStacks";

/** What the hub's stack passes to fleet stacks, as one secret output. */
export interface PlatformReference {
    readonly hubId: string;
    readonly hostName: string;
    /** By group; PEM. */
    readonly issuers: Readonly<
        Record<string, { readonly certificate: string; readonly privateKey: string }>
    >;
    readonly service?: { readonly serviceId: string; readonly hostName: string };
    readonly alerts?: {
        readonly resourceGroupName: string;
        readonly workspaceId: string;
        readonly actionGroupIds: readonly string[];
    };
}

/** Output of a fleet stack: the name of its hub's stack. */
export const platformOutput = "fleetOf";

/** Holds the devices without a group if each group is a shard. No group can have this name with its prefix. */
const groupless = "groupless";

/** The sharding in the form of the settings. */
export function shardsValue(sharding: Sharding): string | number {
    return sharding.by === "group" ? "group" : sharding.count;
}

/** The shard that a device belongs to; stable across runs for the same device ID or the same group. */
export function shardOf(sharding: Sharding, device: Pick<DeviceSettings, "id" | "group">): string {
    if (sharding.by === "group") {
        return device.group === undefined ? groupless : `group-${device.group}`;
    }
    return `shard-${jumpHash(hashOf(device.id), sharding.count) + 1}`;
}

/** All shards of a configuration, including empty ones. */
export function shardNames(
    sharding: Sharding,
    { groups, devices }: Pick<Settings, "groups" | "devices">,
): string[] {
    if (sharding.by === "hash") {
        return Array.from({ length: sharding.count }, (_, index) => `shard-${index + 1}`);
    }
    const named = groups.map(({ name }) => `group-${name}`);
    // There is always one shard, so that devices to be deleted have a place.
    const isNeeded = named.length === 0 || devices.some(({ group }) => group === undefined);
    return isNeeded ? [...named, groupless] : named;
}

/** The name of the stack that holds a shard. */
export function fleetStackName(platform: string, shard: string): string {
    return `${platform}-${shard}`;
}

/** The end of a fleet stack's name. */
const shardEnding = "-(?:shard-\\d+|group-.+|groupless)$";

/** Whether a stack's name is that of a fleet stack of this platform. */
export function isFleetStack(platform: string, stack: string): boolean {
    return (
        stack.startsWith(platform) &&
        new RegExp(`^${shardEnding}`).test(stack.slice(platform.length))
    );
}

/** Whether a stack's name may be that of a fleet stack, of whatever platform. */
export function hasFleetStackName(stack: string): boolean {
    return new RegExp(`.${shardEnding}`).test(stack);
}

/** The devices that a stack declares: all; those of its shard; or none, if the fleet stacks have them. */
export function devicesOf(settings: Settings): readonly DeviceSettings[] {
    const { shards, shard, devices } = settings;
    if (shards === undefined) {
        return devices;
    }
    return shard === undefined
        ? []
        : devices.filter((device) => shardOf(shards, device) === shard.name);
}

/** 64 bits of a text's SHA-256. */
function hashOf(text: string): bigint {
    return createHash("sha256").update(text).digest().readBigUInt64BE();
}

/**
 * A bucket from 0 to `buckets` - 1. Adding a bucket moves only the keys that the new bucket receives. Source: Lamping and
 * Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (arXiv:1406.2294).
 *
 * @param key 64 bits, unsigned
 */
export function jumpHash(key: bigint, buckets: number): number {
    let state = key;
    let bucket = -1;
    for (let next = 0; next < buckets;) {
        bucket = next;
        state = BigInt.asUintN(64, state * 2862933555777941757n + 1n);
        next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
    }
    return bucket;
}
