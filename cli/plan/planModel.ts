import { kindOf } from "../../stacks/deviceKinds/deviceKinds";
import { KeyAlgorithm } from "../../components/x509/issue";
import { DeviceSettings, GroupSettings } from "../../stacks/settings";

/**
 * Time that the engine and the providers need on the deploying machine, in seconds, measured on two cores with a file
 * backend (docs/bench.md). `rsaKey` is processor time of one core: 2048 bits as measured, longer keys by their ratio to it
 * in one run (12 and 8 keys: 2.5 and 6 times).
 */
const engineModel = {
    /** Start of every stack: the CLI, the program, the plugins. */
    start: 4,
    /** Certificate and identity of a new device with an elliptic-curve key or a request. */
    device: 0.015,
    /** Multiplied by the square of a stack's device count, without shards: the whole state is written at every step. */
    deviceSquared: 0.0002,
    /** A device that an `up` finds unchanged. */
    unchangedDevice: 0.008,
    /** Factor by which stacks take longer if every core runs one. */
    crowded: 1.8,
    rsaKey: {
        "RSA-2048": 0.22,
        "RSA-3072": 0.55,
        "RSA-4096": 1.3,
        "ECDSA-P256": 0,
        "ECDSA-P384": 0,
    } satisfies Record<KeyAlgorithm, number>,
};

/** Floating-point remainder that a finished run may have. */
const rounding = 1e-9;

/** The machine, and the number of parts in which a fleet is deployed. */
export interface Deployment {
    /** Processors of the deploying machine, at least 1. This many fleet stacks run at once. */
    readonly cores: number;
    /** Fleet stacks that the devices are spread over; undefined: they are in the stack of the hub. */
    readonly shards?: number;
}

/** One run of the engine on one stack. */
export interface EngineWork {
    /** Devices that the stack already holds and that match the configuration. */
    readonly unchanged: number;
    readonly created: number;
    /** Processor time of all new RSA keys, in seconds of one core. */
    readonly keySeconds: number;
}

/** The part of {@link engineModel} that does not depend on keys. */
export type EngineModel = Omit<typeof engineModel, "rsaKey">;

/** Seconds that the engine needs for devices in the hub's own stack, without throttling. */
export function oneStackSeconds(
    { unchanged, created, keySeconds: keys }: EngineWork,
    cores: number,
    model: EngineModel = engineModel,
): number {
    const devices = unchanged * model.unchangedDevice + created * model.device;
    const states = (unchanged + created) ** 2 - unchanged ** 2;
    return model.start + devices + keys / cores + states * model.deviceSquared;
}

/**
 * Seconds that the engine needs for fleet stacks, without throttling: the hub's stack runs first, then the fleet stacks in
 * order, one per core. A large stack that runs alone at the end is no longer slowed by others.
 */
export function fleetStacksSeconds(
    stacks: readonly EngineWork[],
    cores: number,
    model: EngineModel = engineModel,
): number {
    let seconds = model.start;
    let begun = 0;
    /** `left` is the remaining fraction of a stack's run. */
    let running: { readonly work: EngineWork; readonly left: number }[] = [];
    while (begun < stacks.length || running.length > 0) {
        while (begun < stacks.length && running.length < cores) {
            running.push({ work: stacks[begun++], left: 1 });
        }
        const atOnce = running.length;
        const spans = running.map(({ work: { unchanged, created, keySeconds: keys } }) => {
            const devices = unchanged * model.unchangedDevice + created * model.device;
            const slowed = atOnce > 1 ? model.crowded : 1;
            return (model.start + devices) * slowed + (keys * atOnce) / cores;
        });
        const step = Math.min(...running.map(({ left }, index) => left * spans[index]));
        seconds += step;
        running = running
            .map(({ work, left }, index) => ({ work, left: left - step / spans[index] }))
            .filter(({ left }) => left > rounding);
    }
    return seconds;
}

/** Seconds before the first device is sent to the hub. */
export function startSeconds({ shards }: Deployment, model: EngineModel = engineModel): number {
    return shards === undefined ? model.start : 2 * model.start;
}

/** Processor time for a device's key, in seconds of one core; 0 if the program does not generate it. */
export function keySeconds(device: DeviceSettings, group: GroupSettings | undefined): number {
    return kindOf(device.authentication).certificate?.hasGeneratedKey && group !== undefined
        ? engineModel.rsaKey[group.keyAlgorithm]
        : 0;
}

/** Bytes that a device adds to the state. */
export function deviceBytes(
    { authentication }: DeviceSettings,
    group: GroupSettings | undefined,
): number {
    return kindOf(authentication).stateBytes(group?.keyAlgorithm ?? "RSA-2048");
}

/**
 * Minutes by which a token bucket delays operations: it starts full with one minute's amount, so the first operations are
 * not delayed.
 */
export function throttledMinutes(operations: number, perMinute: number): number {
    return Math.max(0, (operations - perMinute) / perMinute);
}
