/* The npm packages: present exactly as package-lock.json says, or installed anew. */
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../lib/command.mjs";
import { readJson, root } from "../lib/workspace.mjs";

/** npm's own account of what is in node_modules. It is the last thing that npm writes there. */
const installedLock = path.join(root, "node_modules", ".package-lock.json");

function isCurrent() {
    const wanted = readJson(path.join(root, "package-lock.json")).packages;
    const installed = readJson(installedLock)?.packages;
    return (
        installed !== undefined &&
        Object.entries(wanted).every(
            ([folder, entry]) =>
                !folder.startsWith("node_modules/") || // the project itself and its workspaces
                (entry.optional && installed[folder] === undefined) ||
                (installed[folder]?.version === entry.version &&
                    installed[folder]?.integrity === entry.integrity),
        )
    );
}

/**
 * Installs the packages unless they are there. An interrupted installation is found out at the next start, because the
 * account is removed first and npm writes it last. Install scripts are left out: the one in the tree (protobufjs) only
 * looks at a version number, and nothing is compiled, so another Node version needs no new installation.
 *
 * @throws Error with npm's reason
 */
export async function installDependencies() {
    if (isCurrent()) {
        return;
    }
    fs.rmSync(installedLock, { force: true });
    const { problem } = await run(
        "npm",
        ["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"],
        { timeoutSeconds: 900, progress: "setup: installing the npm packages" },
    );
    if (problem !== undefined) {
        throw new Error(`npm ci failed: ${problem}`);
    }
}
