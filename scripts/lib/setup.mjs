/*
 * What `npm run setup` does, in order: npm packages, Pulumi CLI, plugins, the azure-native stand-in, and the two files
 * that tell scripts (.local/env) and tests (.local/toolchain.json) what there is. Only Node's own modules are used: this
 * runs before any package is installed.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { cliSources, clisOnPath, pinnedVersion } from "./cli.mjs";
import { run } from "./command.mjs";
import { installDependencies } from "./dependencies.mjs";
import { archiveName } from "./mirror.mjs";
import { installPlugins, missingPlugins, plugins } from "./plugins.mjs";
import {
    local,
    pulumiHome,
    readJson,
    removeStaleFolders,
    root,
    say,
    writeFile,
} from "./workspace.mjs";

const oldestNode = [20, 19];
const toolchainFile = path.join(local, "toolchain.json");
const chosenCli = path.join(local, "bin", "pulumi");

function parseFlags(args) {
    const unknown = args.filter((arg) => !["--quiet", "--require-cli"].includes(arg));
    if (unknown.length > 0) {
        say(`setup: unknown: ${unknown.join(" ")}\nusage: scripts/setup [--quiet] [--require-cli]`);
        process.exit(2);
    }
    return { quiet: args.includes("--quiet"), requireCli: args.includes("--require-cli") };
}

function checkNode() {
    const [major, minor] = process.versions.node.split(".").map(Number);
    if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
        throw new Error(
            `Node.js ${oldestNode.join(".")} or newer is needed, this is ${process.version}`,
        );
    }
}

/** What the choice of a CLI depended on: a change of any of it means looking again. */
function fingerprint() {
    const onPath = clisOnPath().map((cli) => {
        const { size, mtimeMs } = fs.statSync(cli);
        return [cli, size, mtimeMs];
    });
    return JSON.stringify([pinnedVersion, plugins, onPath]);
}

function isReady(toolchain) {
    return (
        typeof toolchain?.cli === "string" &&
        toolchain.cli === chosenCli &&
        toolchain.fingerprint === fingerprint() &&
        fs.existsSync(chosenCli) &&
        missingPlugins().length === 0
    );
}

/** Looks through the sources; what fails is said as it happens, for a wait must have a reason. */
async function findCli() {
    const tried = [];
    for (const { name, find } of cliSources) {
        try {
            return { ...(await find()), source: name, tried };
        } catch (error) {
            say(`setup: Pulumi CLI, ${name}: ${error.message}`);
            tried.push({ source: name, reason: error.message });
        }
    }
    return { cli: null, tried };
}

/** The chosen CLI under a name of our own, to be first on PATH without the rest of its folder. */
function linkCli(target) {
    fs.mkdirSync(path.dirname(chosenCli), { recursive: true });
    fs.rmSync(chosenCli, { force: true });
    fs.symlinkSync(target, chosenCli);
}

async function installToolchain() {
    const found = await findCli();
    const tried = [...found.tried];
    if (found.cli !== null) {
        tried.push(...(await installPlugins(found.cli)));
        if (missingPlugins().length === 0) {
            linkCli(found.cli);
            const { version, source } = found;
            return { cli: chosenCli, version, source, pulumiHome, fingerprint: fingerprint() };
        }
    }
    fs.rmSync(chosenCli, { force: true });
    return { cli: null, tried, pulumiHome };
}

async function installStandIn() {
    const installer = path.join(root, "standins", "install.js");
    if (fs.existsSync(installer)) {
        const { problem } = await run(process.execPath, [installer, pulumiHome, "azure-native"], {
            timeoutSeconds: 60,
        });
        if (problem !== undefined) {
            throw new Error(`the azure-native stand-in cannot be installed: ${problem}`);
        }
    }
}

function environmentFile(toolchain) {
    const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    return [
        "# Written by scripts/setup. To be sourced by bash.",
        ...(toolchain.cli === null
            ? []
            : [`export PATH=${quote(path.dirname(chosenCli))}:"$PATH"`]),
        `export PULUMI_HOME=${quote(pulumiHome)}`,
        "export PULUMI_SKIP_UPDATE_CHECK=true",
        "",
    ].join("\n");
}

function explainMissingCli(tried) {
    say(
        [
            "",
            "setup: NO PULUMI CLI. What needs the engine cannot run here. Tried, in this order:",
            ...tried.map(({ source, reason }) => `  - ${source}: ${reason}`),
            "Any one of these mends it; then run `npm run setup` again:",
            `  - install Pulumi ${pinnedVersion} or newer and have it on PATH: https://www.pulumi.com/docs/install/`,
            "  - let this machine reach https://get.pulumi.com (set HTTPS_PROXY if it goes through a proxy)",
            `  - set PULUMI_TOOLCHAIN_MIRROR to a folder, file:// or https:// address that holds ${archiveName}`,
            "",
        ].join("\n"),
    );
}

async function main() {
    const { quiet, requireCli } = parseFlags(process.argv.slice(2));
    checkNode();
    removeStaleFolders();
    await installDependencies();
    const known = readJson(toolchainFile);
    const toolchain = isReady(known) ? known : await installToolchain();
    if (toolchain.cli === null) {
        explainMissingCli(toolchain.tried);
    } else {
        await installStandIn();
    }
    writeFile(path.join(local, "env"), environmentFile(toolchain));
    writeFile(toolchainFile, `${JSON.stringify(toolchain, undefined, 4)}\n`);
    if (toolchain.cli !== null && (!quiet || toolchain !== known)) {
        const names = plugins.map(({ name, version }) => `${name} ${version}`).join(", ");
        say(`setup: ready: Pulumi ${toolchain.version} (${toolchain.source}), plugins ${names}`);
    }
    return toolchain.cli === null && requireCli ? 1 : 0;
}

main().then(
    (status) => process.exit(status),
    (error) => {
        say(`setup: ${error.message}`);
        process.exit(1);
    },
);
