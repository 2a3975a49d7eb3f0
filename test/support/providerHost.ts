import { readdirSync, readFileSync, readlinkSync } from "fs";

/** Kills -9 the dynamic provider hosts whose working folder is `folder`; tells how many there were. */
export function killProviderHosts(folder: string): number {
    const victims = processesIn(folder).filter(isProviderHost);
    victims.forEach((pid) => process.kill(pid, "SIGKILL"));
    return victims.length;
}

/** IDs of the processes whose working folder is `folder`. */
export function processesIn(folder: string): number[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && unlessEnded(() => isIn(name, folder)))
        .map(Number);
}

function isIn(pid: string, folder: string): boolean {
    return readlinkSync(`/proc/${pid}/cwd`) === folder;
}

function isProviderHost(pid: number): boolean {
    return unlessEnded(() => {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return /node$/.test(command[0]) && command.some((word) => /dynamic-?provider/i.test(word));
    });
}

/** A process may have ended since it was listed. */
function unlessEnded(test: () => boolean): boolean {
    try {
        return test();
    } catch {
        return false;
    }
}
