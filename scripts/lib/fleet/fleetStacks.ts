import { Settings } from "../../../stacks/settings";
import { fleetStackName, shardNames, shardOf } from "../../../stacks/shards";
import { HeldPart, heldParts, isEmptyFleetStack, Placement, placeParts } from "./placement";
import { ExportedState } from "./stackState";

/** A stack that holds a part of the fleet, or held one. */
export interface FleetStack {
    readonly stack: string;
    readonly shard: string;
    /** Devices that the settings put there. */
    readonly devices: number;
    readonly exists: boolean;
}

/** The stacks of one environment and what they hold, against what the settings want. */
export class FleetStacks {
    private readonly parts: readonly HeldPart[];

    /**
     * @param platform name of the stack of the hub
     * @param states of the stacks of the project that exist, by name
     */
    constructor(
        private readonly settings: Settings,
        private readonly platform: string,
        private readonly states: ReadonlyMap<string, ExportedState>,
    ) {
        this.parts = [...states].flatMap(([stack, state]) => heldParts(stack, state));
    }

    /** In the order of their shards. */
    get wanted(): readonly FleetStack[] {
        const { shards, devices } = this.settings;
        if (shards === undefined) {
            return [];
        }
        const counts = new Map<string, number>();
        for (const device of devices) {
            const shard = shardOf(shards, device);
            counts.set(shard, (counts.get(shard) ?? 0) + 1);
        }
        return shardNames(shards, this.settings).map((shard) => {
            const stack = fleetStackName(this.platform, shard);
            const exists = this.states.has(stack);
            return { stack, shard, devices: counts.get(shard) ?? 0, exists };
        });
    }

    /** Fleet stacks that the settings do not have any more. */
    get obsolete(): readonly string[] {
        const wanted = new Set(this.wanted.map(({ stack }) => stack));
        return [...this.states.keys()].filter(
            (stack) => stack !== this.platform && !wanted.has(stack),
        );
    }

    /** Where the parts of devices must go before any stack may be deployed. */
    get placement(): Placement {
        const { shards, devices } = this.settings;
        if (shards === undefined) {
            return placeParts(this.parts, () => this.platform);
        }
        const listed = new Map(devices.map((device) => [device.id, shardOf(shards, device)]));
        const names = this.wanted.map(({ stack }) => stack);
        return placeParts(this.parts, (deviceId, present) => {
            const shard =
                listed.get(deviceId) ??
                (shards.by === "hash"
                    ? shardOf(shards, { id: deviceId, group: undefined })
                    : undefined);
            if (shard !== undefined) {
                return fleetStackName(this.platform, shard);
            }
            // It is to be deleted; any fleet stack does that.
            return names.includes(present) ? present : (names[0] ?? this.platform);
        });
    }

    /** How many devices have an identity in a state. */
    get heldDevices(): number {
        const ids = this.parts.filter(({ urn }) => urn.includes("iothub:DeviceIdentity::"));
        return new Set(ids.map(({ deviceId }) => deviceId)).size;
    }

    /** How many devices the settings list on the hub. */
    get listedDevices(): number {
        const { groups, devices } = this.settings;
        const elsewhere = new Set(
            groups.filter(({ provisioning }) => provisioning === "dps").map(({ name }) => name),
        );
        return devices.filter(({ group }) => group === undefined || !elsewhere.has(group)).length;
    }

    /** A fleet stack with nothing in it that its removal would lose. */
    isRemovable(stack: string): boolean {
        const state = this.states.get(stack);
        return state !== undefined && isEmptyFleetStack(state);
    }
}

/** Whether a stack's name is that of a fleet stack of this platform. */
export function isFleetStack(platform: string, stack: string): boolean {
    const shard = stack.startsWith(`${platform}-`) ? stack.slice(platform.length + 1) : "";
    return /^(?:shard-\d+|group-.+|groupless)$/.test(shard);
}
