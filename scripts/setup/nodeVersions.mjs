/*
 * The Node.js versions that the demo is tried on. npm has them as ordinary packages, one a platform, which need no install
 * script: https://www.npmjs.com/package/node
 */
import * as path from "node:path";
import { run } from "../lib/command.mjs";
import {
    installFolder,
    isExecutable,
    local,
    removeFolder,
    removeStaleFolders,
    say,
    temporaryFolder,
} from "../lib/workspace.mjs";

const versions = ["20.20.2", "22.23.3", "24.21.0"];
const unreachable = 3;
/** Apart from what the set-up clears up. */
const folderOfAll = path.join(local, "nodes");

const major = (version) => version.split(".")[0];

/** @returns undefined when it is installed, or else the problem */
async function install(version, final) {
    const folder = temporaryFolder(folderOfAll);
    const name = `node-${process.platform}-${process.arch}`;
    try {
        const { problem } = await run(
            "npm",
            [
                ...["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"],
                `${name}@${version}`,
            ],
            { timeoutSeconds: 600, progress: `node-versions: installing Node.js ${version}` },
        );
        if (problem === undefined) {
            installFolder(path.join(folder, "node_modules", name, "bin"), final);
        }
        return problem;
    } finally {
        removeFolder(folder);
    }
}

async function main() {
    for (const version of versions) {
        let bin = path.join(folderOfAll, version);
        if (major(version) === major(process.versions.node)) {
            bin = path.dirname(process.execPath);
        } else if (!isExecutable(path.join(bin, "node"))) {
            const problem = await install(version, bin);
            if (problem !== undefined) {
                say(`node-versions: Node.js ${version} cannot be installed: ${problem}`);
                return /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT/.test(problem) ? unreachable : 1;
            }
        }
        process.stdout.write(`${major(version)} ${bin}\n`);
    }
    return 0;
}

removeStaleFolders(folderOfAll);
main().then((status) => process.exit(status));
