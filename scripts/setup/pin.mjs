/*
 * Pins the archives of the versions in package.json by their SHA-256, for all machines that Pulumi has archives for and this
 * project runs on. For maintainers, after a new version: what this machine is sent is what everybody must get from then on.
 */
import { pinSums } from "./checksums.mjs";
import { cliArchiveOf, pluginArchive, sumOfArchive } from "./mirror.mjs";
import { plugins } from "./plugins.mjs";
import { say } from "../lib/workspace.mjs";

const machines = ["linux", "darwin"].flatMap((platform) =>
    ["x64", "arm64"].map((arch) => ({ platform, arch })),
);

const archives = machines.flatMap((machine) => [
    cliArchiveOf(machine),
    ...plugins.map((plugin) => pluginArchive(plugin, machine)),
]);

/** @throws Error when one archive cannot be had or is damaged; downloads.json stays as it is */
export async function pinDownloads() {
    const sums = {};
    for (const archive of archives) {
        sums[archive.name] = await sumOfArchive(archive);
    }
    pinSums(sums);
    say(`setup: pinned ${archives.length} archives in scripts/setup/downloads.json`);
}
