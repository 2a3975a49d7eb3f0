import { readFileSync } from "fs";
import { deviceTypes, PreviousState } from "./previousState";

/** Environment variable with the path of a file that {@link presentInFleet} reads. */
export const presentDevicesVariable = "IOT_X509_PRESENT_DEVICES";

/** IDs of the devices that a state has, except those that left and are only kept out. */
export function presentDevices(previous: PreviousState): string[] {
    const present = [deviceTypes.identity, deviceTypes.registration].flatMap((type) =>
        [...previous.all(type)].flatMap(([id, { left }]) => (left === undefined ? [id] : [])),
    );
    return [...new Set(present)];
}

/**
 * The same of all stacks of a fleet, before the run: `npm run fleet` reads their states anyway.
 *
 * @returns undefined: this run is not one of `npm run fleet`
 */
export function presentInFleet(): readonly string[] | undefined {
    const file = process.env[presentDevicesVariable];
    return file === undefined ? undefined : (JSON.parse(readFileSync(file, "utf8")) as string[]);
}
