import { DeviceInventory } from "../children/deviceInventory";
import { Contender, deviceIds, DeviceKey, Operation } from "./contender";
import { Point } from "../results";
import { dirname } from "path";
import { toolchain } from "../toolchain";
import { Run, Site } from "./site";

/** What to measure. */
export interface PointRequest {
    readonly contender: Contender;
    readonly key: DeviceKey;
    readonly devices: number;
    /** Beside the first `up`. */
    readonly operations: readonly Operation[];
    /** Told of each figure as it comes. */
    readonly say: (text: string) => void;
}

/** A contender with so many devices, on an emulator of its own. */
export function measurePoint(request: PointRequest): Promise<Point> {
    const { contender, key, devices, operations, say } = request;
    return openSite(async (site) => {
        const prepared = await contender.prepare(site, { key, devices });
        try {
            const empty = prepared.stateBytes();
            const measure = async (operation: Operation): Promise<Run | undefined> => {
                const command = prepared.command(operation);
                const run = command && (await site.measure(command));
                say(
                    run === undefined
                        ? `${operation} –`
                        : `${operation} ${run.seconds.toFixed(1)} s`,
                );
                return run;
            };
            const ids = deviceIds(devices);
            prepared.list(ids);
            const up = await measure("up");
            if (up === undefined) {
                throw new Error(`${contender.name} cannot create devices`);
            }
            await expectDevices(site, ids);
            const full = prepared.stateBytes();
            const others: Partial<Record<Operation, Run>> = {};
            for (const operation of operations) {
                if (operation === "addOne") {
                    const added = deviceIds(1, devices + 1);
                    prepared.list(full === undefined ? added : [...ids, ...added]);
                    others.addOne = await measure(operation);
                    await expectDevices(site, [...ids, ...added]);
                } else {
                    others[operation] = await measure(operation);
                }
            }
            return {
                contender: contender.name,
                key,
                devices,
                shards: prepared.shards,
                ...others,
                up,
                stateBytesPerDevice:
                    full === undefined || empty === undefined
                        ? undefined
                        : (full - empty) / devices,
            };
        } finally {
            prepared.close();
        }
    });
}

/** Runs some work on an emulator of its own, with the project's CLI first on PATH. */
export function openSite<T>(work: (site: Site) => Promise<T>): Promise<T> {
    return Site.open(dirname(toolchain().cli), work);
}

/** @throws Error when the hub has other devices: then no figure of the run counts */
async function expectDevices(site: Site, ids: readonly string[]): Promise<void> {
    const inventory = await site.child<DeviceInventory>("deviceInventory");
    const found = new Set(inventory.ids);
    if (inventory.total !== ids.length || !ids.every((id) => found.has(id))) {
        throw new Error(`the hub has ${inventory.total} devices instead of ${ids.length}`);
    }
}
