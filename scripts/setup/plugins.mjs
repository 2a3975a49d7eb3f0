/*
 * The resource plugins that the program needs, in a PULUMI_HOME of the project: official ones where they can be had, else
 * the stand-ins of this repository.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { pinnedSum, sayUnverified } from "./checksums.mjs";
import { run } from "../lib/command.mjs";
import { mirrorLocation, pluginArchive, unpackFromMirror } from "./mirror.mjs";
import {
    installFolder,
    isExecutable,
    pulumiEnvironment,
    readJson,
    removeFolder,
    root,
    say,
} from "../lib/workspace.mjs";

/** A plugin in the version of the npm package of that name: the SDK asks for exactly that one. */
function plugin(name) {
    const version = readJson(path.join(root, "package.json")).dependencies[`@pulumi/${name}`];
    return { name, version };
}

/** Small plugins: the CLI installs them by itself where it can. */
const small = ["tls", "random", "azuread"].map(plugin);

/**
 * Some hundreds of MB, and no use without Azure: runs on the emulator take the stand-in, deployments to Azure let the
 * CLI install the official one.
 */
const azureNative = plugin("azure-native");

export const plugins = [...small, azureNative];

/** What a stand-in's launcher bears, see standins/install.js. */
const standInMark = /^# \S+ stand-in of /m;

function folderOf(home, { name, version }) {
    return path.join(home, "plugins", `resource-${name}-v${version}`);
}

/** @returns "official", "stand-in", or undefined when the plugin is not there as a whole */
function kindOf(home, one) {
    const folder = folderOf(home, one);
    const program = path.join(folder, `pulumi-resource-${one.name}`);
    const partial = fs.existsSync(`${folder}.partial`); // the CLI's mark of an installation that is not complete
    if (!isExecutable(program) || partial) {
        return undefined;
    }
    const { size } = fs.statSync(program);
    const isLauncher = size < 4096 && standInMark.test(fs.readFileSync(program, "utf8"));
    return isLauncher ? "stand-in" : "official";
}

/** @returns each plugin with its kind */
export function installedPlugins(home) {
    return plugins.map((one) => ({ ...one, kind: kindOf(home, one) }));
}

async function installOfficial(cli, home, one) {
    const archive = pluginArchive(one);
    if (mirrorLocation !== undefined) {
        const unpacked = await unpackFromMirror(archive);
        try {
            if (!isExecutable(path.join(unpacked, `pulumi-resource-${one.name}`))) {
                throw new Error(`it contains no pulumi-resource-${one.name}`);
            }
            installFolder(unpacked, folderOf(home, one));
        } finally {
            removeFolder(unpacked);
        }
        return;
    }
    const sum = pinnedSum(archive.name);
    if (sum === undefined) {
        sayUnverified(archive.name);
    }
    const checksum = sum === undefined ? [] : ["--checksum", sum];
    const args = ["plugin", "install", "resource", one.name, one.version, ...checksum];
    const { problem, stderr } = await run(cli, args, {
        timeoutSeconds: 600,
        progress: `setup: installing the Pulumi plugin ${one.name} ${one.version}`,
        env: pulumiEnvironment(home),
    });
    if (problem !== undefined) {
        const cause = downloadFailure(stderr) ?? problem;
        throw new Error(`no official ${one.name} ${one.version}: ${cause}`);
    }
}

/** What the CLI's last attempt at a download ran into, with the host in place of the whole address. */
function downloadFailure(stderr) {
    const attempts = [...stderr.matchAll(/^warning: Error downloading plugin: (.+)$/gm)];
    return attempts.at(-1)?.[1].replace(/^Get "https?:\/\/([^/"]+)[^"]*"/, "$1");
}

async function installStandIns(home, names) {
    const installer = path.join(root, "standins", "install.js");
    const { problem } = await run(process.execPath, [installer, home, ...names], {
        timeoutSeconds: 60,
    });
    if (problem !== undefined) {
        throw new Error(`the stand-ins of plugins cannot be installed: ${problem}`);
    }
}

/**
 * Completes the PULUMI_HOME of runs on the emulator. A plugin that is there stays what it is; of those that are missing,
 * the first that cannot be had officially makes all the others stand-ins, too, for one lack of network is waited for once.
 */
export async function installPlugins(cli, home) {
    const missing = small.filter((one) => kindOf(home, one) === undefined);
    try {
        for (const one of missing) {
            await installOfficial(cli, home, one);
        }
    } catch (error) {
        say(`setup: stand-ins of this project for plugins that are missing: ${error.message}`);
    }
    const toStandIn = plugins.filter((one) => kindOf(home, one) !== "official");
    await installStandIns(
        home,
        toStandIn.map(({ name }) => name),
    );
}

/**
 * Completes a PULUMI_HOME with official plugins alone, azure-native among them.
 *
 * @throws Error when one cannot be had
 */
export async function installOfficialPlugins(cli, home) {
    for (const one of plugins) {
        if (kindOf(home, one) !== "official") {
            await installOfficial(cli, home, one);
        }
    }
}
