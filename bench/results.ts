import { ContenderName, DeviceKey } from "./measure/contender";
import { Run } from "./measure/site";

/** One contender with so many devices. */
export interface Point {
    readonly contender: ContenderName;
    readonly key: DeviceKey;
    readonly devices: number;
    /** Fleet stacks; undefined: one stack, or none. */
    readonly shards?: number;
    /** The making of all devices, on a hub that is there with its CAs. */
    readonly up: Run;
    /** Of the deployed fleet, without a change. */
    readonly preview?: Run;
    /** `npm run diff` of the deployed fleet, without a change. */
    readonly diff?: Run;
    readonly addOne?: Run;
    readonly refresh?: Run;
    /** What a device adds to the state or states. */
    readonly stateBytesPerDevice?: number;
}

/** A size that was not run, because it would have taken too long. */
export interface Stop {
    readonly contender: ContenderName;
    readonly key: DeviceKey;
    readonly devices: number;
    /** Of the first `up`, from the sizes before. */
    readonly expectedSeconds: number;
}

/** A first `up` against a hub that throttles as Azure does. */
export interface ThrottleTrial {
    readonly devices: number;
    readonly sku: string;
    readonly units: number;
    /** By `npm run plan`. */
    readonly plannedSeconds: number;
    readonly up: Run;
    /** Requests that were answered with 429. */
    readonly refused: number;
}

/** Devices made, changed and deleted while the registry fails now and then. */
export interface FaultTrial {
    readonly devices: number;
    /** Part of the registry's requests that was to fail: 0 to 1. */
    readonly rate: number;
    readonly registryCalls: number;
    /** Of these: answered with an error, or cut off. */
    readonly hits: number;
    /** Runs of `pulumi up` until it ended well, for each of making and changing. */
    readonly runs: readonly { readonly step: string; readonly runs: number }[];
    /** Devices without exactly one identity on the hub and one certificate of their own in the state. */
    readonly lost: readonly string[];
    readonly doubled: readonly string[];
}

/** Where the figures come from. */
export interface Machine {
    readonly date: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGigabytes: number;
    readonly system: string;
    readonly node: string;
    readonly pulumi: string;
    readonly openssl: string;
}

/** All that a run of the bench found. */
export interface Results {
    readonly machine: Machine;
    readonly points: readonly Point[];
    readonly stops: readonly Stop[];
    readonly throttle?: ThrottleTrial;
    readonly faults?: FaultTrial;
    /** Steps that ended with an error; what they would have measured is missing. */
    readonly failures: readonly { readonly step: string; readonly error: string }[];
    /** Of the whole run. */
    readonly minutes: number;
}

/** The measured point of this contender, key and size. */
export function pointOf(
    { points }: Pick<Results, "points">,
    contender: ContenderName,
    devices: number,
    key: DeviceKey = "ECDSA-P256",
): Point | undefined {
    return points.find(
        (point) => point.contender === contender && point.devices === devices && point.key === key,
    );
}

/** Points of one contender, smallest first. */
export function seriesOf(
    { points }: Pick<Results, "points">,
    contender: ContenderName,
    key: DeviceKey = "ECDSA-P256",
): Point[] {
    return points
        .filter((point) => point.contender === contender && point.key === key)
        .sort((one, other) => one.devices - other.devices);
}
