import { readdirSync, readFileSync, readlinkSync } from "fs";

/** Kills -9 the dynamic provider hosts whose working folder is `folder`; tells how many there were. */
export function killProviderHosts(folder: string): number {
    const victims = readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => isProviderHost(pid, folder));
    victims.forEach((pid) => process.kill(Number(pid), "SIGKILL"));
    return victims.length;
}

function isProviderHost(pid: string, folder: string): boolean {
    try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return (
            /node$/.test(command[0]) &&
            command.some((word) => /dynamic-?provider/i.test(word)) &&
            readlinkSync(`/proc/${pid}/cwd`) === folder
        );
    } catch {
        return false; // It has ended since.
    }
}
