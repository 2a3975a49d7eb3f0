/*
 * What `npm run setup` does, in order: npm packages, Pulumi CLI, plugins, and the two files that tell scripts (.local/env)
 * and tests (.local/toolchain.json) what there is. Only Node's own modules are used: this runs before any package is
 * installed.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { cliSources, clisOnPath } from "./cli.mjs";
import { readArguments } from "../lib/commands.mjs";
import { installDependencies } from "./dependencies.mjs";
import { isEnding } from "../lib/descendants.mjs";
import { cliArchive } from "./mirror.mjs";
import { pinDownloads } from "./pin.mjs";
import { installedPlugins, installOfficialPlugins, installPlugins, plugins } from "./plugins.mjs";
import {
    local,
    officialHome,
    pinnedVersion,
    pulumiHome,
    readJson,
    removeStaleFolders,
    say,
    writeFile,
} from "../lib/workspace.mjs";

const oldestNode = [20, 19];
const toolchainFile = path.join(local, "toolchain.json");
const chosenCli = path.join(local, "bin", "pulumi");

function checkNode() {
    const [major, minor] = process.versions.node.split(".").map(Number);
    if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
        throw new Error(
            `Node.js ${oldestNode.join(".")} or newer is required, this is ${process.version}`,
        );
    }
}

/** A file as it is now: a change of any of it is a change of the file. */
function stamp(file) {
    const { size, mtimeMs } = fs.statSync(file);
    return [file, size, mtimeMs];
}

/** What the choice of a CLI depended on: a change of any of it means looking again. */
function fingerprint() {
    const cli = fs.realpathSync(chosenCli);
    return JSON.stringify([pinnedVersion, plugins, stamp(cli), clisOnPath().map(stamp)]);
}

function isReady(toolchain) {
    return (
        toolchain?.cli === chosenCli &&
        fs.existsSync(chosenCli) &&
        toolchain.fingerprint === fingerprint() &&
        installedPlugins(pulumiHome).every(
            ({ kind }, index) => kind !== undefined && kind === toolchain.plugins?.[index]?.kind,
        )
    );
}

/** Looks through the sources; each is said as it is tried, for a wait must have a reason. */
async function findCli() {
    const tried = [];
    for (const { name, find } of cliSources) {
        try {
            const found = await find();
            say(`setup: Pulumi CLI: ${found.version}, ${name}`);
            return { ...found, source: name, tried };
        } catch (error) {
            say(`setup: Pulumi CLI: ${name}: ${error.message}`);
            tried.push({ source: name, reason: error.message });
        }
    }
    return { cli: null, tried };
}

/** Which engine, Node.js host and plugins run, in one line. */
function describe({ version, source, host, plugins: kinds }) {
    const named = (wanted) =>
        kinds
            .filter(({ kind }) => kind === wanted)
            .map(({ name, version: pluginVersion }) => `${name} ${pluginVersion}`)
            .join(", ");
    const parts = [
        `Pulumi ${version} (${source})`,
        host === "official" ? "its own Node.js host" : "this project's Node.js host",
    ];
    for (const [kind, label] of [
        ["official", "official plugins"],
        ["stand-in", "stand-ins of this project for the plugins"],
    ]) {
        const names = named(kind);
        if (names !== "") {
            parts.push(`${label} ${names}`);
        }
    }
    return parts.join("; ");
}

/** The chosen CLI under a name of our own, to be first on PATH without the rest of its folder. */
function linkCli(target) {
    fs.mkdirSync(path.dirname(chosenCli), { recursive: true });
    fs.rmSync(chosenCli, { force: true });
    fs.symlinkSync(target, chosenCli);
}

async function installToolchain() {
    fs.rmSync(chosenCli, { force: true });
    const { cli, tried, ...found } = await findCli();
    if (cli === null) {
        return { cli, tried, description: "no Pulumi CLI", pulumiHome };
    }
    await installPlugins(cli, pulumiHome);
    linkCli(cli);
    const engine = { ...found, plugins: installedPlugins(pulumiHome) };
    const description = describe(engine);
    return { cli: chosenCli, ...engine, description, pulumiHome, fingerprint: fingerprint() };
}

function environmentFile(toolchain) {
    const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    return [
        "# Written by scripts/setup.sh. Source it in bash.",
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
            "Do one of the following, then run `npm run setup` again:",
            `  - install Pulumi ${pinnedVersion} or newer and add it to PATH: https://www.pulumi.com/docs/install/`,
            "  - let this machine reach https://get.pulumi.com (set HTTPS_PROXY if it goes through a proxy)",
            `  - set PULUMI_TOOLCHAIN_MIRROR to a folder, file:// or https:// address that contains ${cliArchive.name}`,
            "  - install Go (https://go.dev/dl), which builds the CLI from its module (set GOPROXY if modules come from a mirror)",
            "",
        ].join("\n"),
    );
}

async function main() {
    const { quiet, official, pin, "require-cli": requireCli } = readArguments("setup").values;
    checkNode();
    removeStaleFolders();
    if (pin) {
        await pinDownloads();
        return 0;
    }
    await installDependencies();
    const known = readJson(toolchainFile);
    const toolchain = isReady(known) ? known : await installToolchain();
    if (toolchain.cli === null) {
        explainMissingCli(toolchain.tried);
    }
    writeFile(path.join(local, "env"), environmentFile(toolchain));
    writeFile(toolchainFile, `${JSON.stringify(toolchain, undefined, 4)}\n`);
    if (official) {
        if (toolchain.cli === null) {
            throw new Error("official plugins require a Pulumi CLI");
        }
        await installOfficialPlugins(toolchain.cli, officialHome);
    }
    if (toolchain.cli !== null && (!quiet || toolchain !== known)) {
        say(`setup: ready: ${toolchain.description}`);
    }
    return toolchain.cli === null && requireCli ? 1 : 0;
}

main().then(
    (status) => (isEnding() ? undefined : process.exit(status)),
    (error) => {
        if (!isEnding()) {
            say(`setup: ${error.message}`);
            process.exit(1);
        }
    },
);
