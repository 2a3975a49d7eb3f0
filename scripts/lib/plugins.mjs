/* The resource plugins that the program needs, in the project's own PULUMI_HOME. */
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./command.mjs";
import { unpackMirror } from "./mirror.mjs";
import {
    installFolder,
    isExecutable,
    pulumiEnvironment,
    pulumiHome,
    readJson,
    removeFolder,
    root,
    say,
} from "./workspace.mjs";

/**
 * Plugins in the version of the npm package of that name: the SDK asks for exactly that one. azure-native is not among
 * them: deployments to Azure let the CLI install it, and runs on the emulator use the emulator's stand-in.
 */
export const plugins = ["tls", "random", "azuread"].map((name) => ({
    name,
    version: readJson(path.join(root, "package.json")).dependencies[`@pulumi/${name}`],
}));

function folderOf({ name, version }) {
    return path.join("plugins", `resource-${name}-v${version}`);
}

function isInstalled(plugin) {
    const folder = path.join(pulumiHome, folderOf(plugin));
    return (
        isExecutable(path.join(folder, `pulumi-resource-${plugin.name}`)) &&
        !fs.existsSync(`${folder}.partial`) // the CLI's mark of an installation that is not complete
    );
}

export function missingPlugins() {
    return plugins.filter((plugin) => !isInstalled(plugin));
}

/** Moves the missing plugins out of an unpacked mirror. The CLI does not take symbolic links for plugins. */
export function installPluginsFrom(unpacked) {
    for (const plugin of missingPlugins()) {
        const folder = path.join(unpacked, folderOf(plugin));
        if (!isExecutable(path.join(folder, `pulumi-resource-${plugin.name}`))) {
            throw new Error(`it holds no plugin ${plugin.name} ${plugin.version}`);
        }
        installFolder(folder, path.join(pulumiHome, folderOf(plugin)));
    }
}

async function installWith(cli) {
    for (const { name, version } of missingPlugins()) {
        const { problem } = await run(cli, ["plugin", "install", "resource", name, version], {
            timeoutSeconds: 180,
            progress: `setup: installing the Pulumi plugin ${name} ${version}`,
            env: pulumiEnvironment(),
        });
        if (problem !== undefined) {
            throw new Error(problem);
        }
    }
}

async function installFromMirror() {
    const unpacked = await unpackMirror();
    try {
        installPluginsFrom(unpacked);
    } finally {
        removeFolder(unpacked);
    }
}

/**
 * Gets the missing plugins with the CLI, or else from the mirror.
 *
 * @returns what was tried without success, as `{source, reason}`; nothing is missing any more when the last one worked
 */
export async function installPlugins(cli) {
    const tried = [];
    for (const [source, install] of [
        ["pulumi plugin install", () => installWith(cli)],
        ["plugins of the toolchain mirror", installFromMirror],
    ]) {
        if (missingPlugins().length === 0) {
            break;
        }
        try {
            await install();
        } catch (error) {
            say(`setup: ${source}: ${error.message}`);
            tried.push({ source, reason: error.message });
        }
    }
    return tried;
}
