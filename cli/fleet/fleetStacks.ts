import { PreviousState } from "../../stacks/previousState";
import { Settings } from "../../stacks/settings";
import { fleetStackName, shardNames, shardOf } from "../../stacks/shards";
import {
    hasAlertRules,
    HeldPart,
    heldParts,
    isEmptyFleetStack,
    nameOf,
    Placement,
    placeParts,
    wantedParts,
} from "./placement";
import { ExportedState, StateResource, stackType } from "./stackState";

/** A stack that holds or held a part of the fleet. */
export interface FleetStack {
    readonly stack: string;
    readonly shard: string;
    /** Number of devices that the settings put there. */
    readonly devices: number;
    readonly exists: boolean;
}

/** The stacks of one environment: what they hold, and what the settings want. */
export class FleetStacks {
    private readonly parts: readonly HeldPart[];
    private known: PreviousState | undefined;

    /**
     * @param platform name of the stack of the hub
     * @param states states of the project's existing stacks, by name
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

    /** Fleet stacks that the settings no longer need. */
    get obsolete(): readonly string[] {
        const wanted = new Set(this.wanted.map(({ stack }) => stack));
        return [...this.states.keys()].filter(
            (stack) => stack !== this.platform && !wanted.has(stack),
        );
    }

    /** Names of all existing stacks, including the hub's. */
    get existing(): readonly string[] {
        return [...this.states.keys()];
    }

    /** Names of all fleet stacks, wanted or not. */
    get names(): readonly string[] {
        return [...this.wanted.map(({ stack }) => stack), ...this.obsolete];
    }

    /** Where device resources must move before any stack may be deployed. */
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
            // The device is to be deleted, which any fleet stack can do.
            return names.includes(present) ? present : (names[0] ?? this.platform);
        });
    }

    /** Number of device resources in the settings or in a state. */
    get expectedParts(): number {
        return new Set([...wantedParts(this.settings), ...this.parts.map(nameOf)]).size;
    }

    /** The resources of all stacks. */
    get resources(): readonly StateResource[] {
        return [...this.states.values()].flatMap(({ deployment }) =>
            (deployment.resources ?? []).filter((one) => one.delete !== true),
        );
    }

    /** The resources of all stacks, with the outputs of the hub's stack. */
    get previous(): PreviousState {
        const hub = this.states.get(this.platform)?.deployment.resources ?? [];
        this.known ??= new PreviousState(
            hub.find(({ type }) => type === stackType)?.outputs ?? {},
            Object.fromEntries(
                this.resources.map(({ urn, type, outputs = {} }) => [urn, { type, outputs }]),
            ),
        );
        return this.known;
    }

    /** Resources that are protected from deletion, by stack; stacks without any are absent. */
    get protectedResources(): ReadonlyMap<string, readonly string[]> {
        const found = [...this.states].map(([stack, { deployment }]) => {
            const kept = (deployment.resources ?? []).filter(({ protect }) => protect);
            return [stack, kept.map(({ urn }) => urn)] as const;
        });
        return new Map(found.filter(([, urns]) => urns.length > 0));
    }

    /** Whether a fleet stack can be removed without losing anything. */
    isRemovable(stack: string): boolean {
        const state = this.states.get(stack);
        return state !== undefined && isEmptyFleetStack(state);
    }

    /** Whether something of a stack is on Azure although it holds no devices. */
    hasAlertRules(stack: string): boolean {
        const state = this.states.get(stack);
        return state !== undefined && hasAlertRules(state);
    }
}
