import { kindOf } from "../../stacks/deviceKinds/deviceKinds";
import { DeviceSettings, GroupSettings, KeyAlgorithm } from "../../stacks/settings";

/**
 * What the engine and the providers take on the deploying machine, in seconds: as measured on two cores with a file
 * backend (docs/bench.md). `rsaKey` is processor time of one core: 2048 bits as measured, the longer ones by their ratio
 * to it in one run (12 and 8 keys: times 2.5 and 6).
 */
const engineModel = {
    /** Of every stack: the CLI, the program, the plugins. */
    start: 4,
    /** Certificate and identity, made with an elliptic key or a request. */
    device: 0.015,
    /** Times the square of a stack's devices, without shards: the whole state is written at every step. */
    deviceSquared: 0.0002,
    /** A device that an `up` finds as it should be. */
    unchangedDevice: 0.008,
    /** So much longer stacks take when there is one on every core. */
    crowded: 1.8,
    rsaKey: {
        "RSA-2048": 0.22,
        "RSA-3072": 0.55,
        "RSA-4096": 1.3,
        "ECDSA-P256": 0,
        "ECDSA-P384": 0,
    } satisfies Record<KeyAlgorithm, number>,
};

/** What floating point may leave of a run that has ended. */
const rounding = 1e-9;

/** Where and in how many parts a fleet is deployed. */
export interface Deployment {
    /** Processors of the deploying machine: 1 or more. So many fleet stacks run at once. */
    readonly cores: number;
    /** Fleet stacks that the devices are spread over; undefined: they are in the stack of the hub. */
    readonly shards?: number;
}

/** One run of the engine on one stack. */
export interface EngineWork {
    /** Devices that the stack holds already, in step with the configuration. */
    readonly unchanged: number;
    readonly created: number;
    /** Processor time of all RSA keys that are made, in seconds of one core. */
    readonly keySeconds: number;
}

/** The part of {@link engineModel} that does not depend on keys. */
export type EngineModel = Omit<typeof engineModel, "rsaKey">;

/** Seconds that the engine takes for devices in the hub's own stack, when no service makes it wait. */
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
 * Seconds that the engine takes for fleet stacks, when no service makes it wait: the hub's stack goes first, then they run
 * in their order, one on each core. A large one that is left alone at the end is not slowed by others any more.
 */
export function fleetStacksSeconds(
    stacks: readonly EngineWork[],
    cores: number,
    model: EngineModel = engineModel,
): number {
    let seconds = model.start;
    let begun = 0;
    /** `left` is the part of a stack's run that is still to come. */
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

/** Processor time for a device's key, in seconds of one core; 0 when the program makes none. */
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
 * Minutes that a token bucket holds operations back: it starts full with one minute's amount, so the first of them go at
 * once.
 */
export function throttledMinutes(operations: number, perMinute: number): number {
    return Math.max(0, (operations - perMinute) / perMinute);
}
