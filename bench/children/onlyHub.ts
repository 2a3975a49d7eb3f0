import { shared } from "../support/sharedEmulator";

/** Host name of the one hub that the emulator has. */
export async function onlyHub(): Promise<string> {
    const hubs = await shared().manage<{ hostName: string }[]>("GET", "/hubs");
    if (hubs.length !== 1) {
        throw new Error(`the emulator has ${hubs.length} hubs`);
    }
    return hubs[0].hostName;
}
