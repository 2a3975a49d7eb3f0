/* The Pulumi CLI: which one is good enough, and where one can be had. */
import * as fs from "node:fs";
import * as path from "node:path";
import { pinnedSum, sayUnverified } from "./checksums.mjs";
import { run } from "../lib/command.mjs";
import { buildFromModule, takeFromCache } from "./goModule.mjs";
import { cliArchive, mirrorLocation, official, unpackFromMirror } from "./mirror.mjs";
import {
    installFolder,
    isExecutable,
    local,
    pathFolders,
    pinnedVersion,
    pulumiEnvironment,
    removeFolder,
    root,
    temporaryFolder,
} from "../lib/workspace.mjs";

/** What a CLI starts to run a Node.js program and its dynamic resources. */
const nodeHosts = ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

/** The official download, from get.pulumi.com or a mirror of it. */
const downloaded = path.join(local, "official", "bin");
/** A CLI that came without its Node.js host, with launchers of ours beside it. */
const withOurHost = path.join(local, "engine", "bin");

function isOlder(version, than) {
    const [left, right] = [version, than].map((text) => text.split(".").map(Number));
    const at = left.findIndex((part, index) => part !== right[index]);
    return at >= 0 && left[at] < right[at];
}

/**
 * @returns `{cli, version, hasHost}` of a CLI that runs and is not older than the pinned version
 * @throws Error that says what is wrong with it
 */
async function examine(cli) {
    if (!isExecutable(cli)) {
        throw new Error(`${cli} does not exist or is not executable`);
    }
    const { stdout, problem } = await run(cli, ["version"], {
        timeoutSeconds: 30,
        env: pulumiEnvironment(),
    });
    const version = /^v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    if (problem !== undefined || version === undefined) {
        throw new Error(`${cli} does not run: ${problem ?? "it prints no version"}`);
    }
    if (isOlder(version, pinnedVersion)) {
        throw new Error(`${cli} is ${version}, older than ${pinnedVersion}`);
    }
    const folders = [path.dirname(cli), path.dirname(fs.realpathSync(cli)), ...pathFolders()];
    const hasHost = nodeHosts.every((host) =>
        folders.some((folder) => isExecutable(path.join(folder, host))),
    );
    return { cli, version, hasHost };
}

/** Every `pulumi` on PATH, in its order. */
export function clisOnPath() {
    const files = pathFolders().map((folder) => path.join(folder, "pulumi"));
    return [...new Set(files)].filter(isExecutable);
}

async function fromPath() {
    const problems = [];
    for (const cli of clisOnPath()) {
        try {
            return await withHost(await examine(cli));
        } catch (error) {
            problems.push(error.message);
        }
    }
    throw new Error(problems.length === 0 ? "no pulumi on it" : problems.join("; "));
}

/** A CLI that has no Node.js host is copied, for the host is looked for beside it. */
async function withHost(found) {
    if (found.hasHost) {
        return { ...found, host: "official" };
    }
    return addOurHost(async (bin) => fs.copyFileSync(found.cli, path.join(bin, "pulumi")));
}

/** @param put puts a CLI into the folder that it is given */
async function addOurHost(put) {
    const folder = temporaryFolder();
    try {
        const bin = path.join(folder, "bin");
        fs.mkdirSync(bin);
        await put(bin);
        await examine(path.join(bin, "pulumi"));
        await installHost(bin);
        installFolder(bin, withOurHost);
    } finally {
        removeFolder(folder);
    }
    return engineWithOurHost();
}

async function installHost(bin) {
    const installer = path.join(root, "standins", "node-host", "install.js");
    const { problem } = await run(process.execPath, [installer, bin], { timeoutSeconds: 60 });
    if (problem !== undefined) {
        throw new Error(`the Node.js host cannot be installed: ${problem}`);
    }
}

async function engineWithOurHost() {
    await installHost(withOurHost);
    const found = await examine(path.join(withOurHost, "pulumi"));
    return { ...found, host: "own" };
}

async function fromProject() {
    if (isExecutable(path.join(downloaded, "pulumi"))) {
        return { ...(await examine(path.join(downloaded, "pulumi"))), host: "official" };
    }
    if (isExecutable(path.join(withOurHost, "pulumi"))) {
        return engineWithOurHost();
    }
    throw new Error("nothing yet");
}

/** Keeps an official download in the project. */
async function keepDownload(bin) {
    const { hasHost } = await examine(path.join(bin, "pulumi"));
    if (!hasHost) {
        throw new Error(`it contains no Node.js host (${nodeHosts.join(", ")})`);
    }
    installFolder(bin, downloaded);
    return { ...(await examine(path.join(downloaded, "pulumi"))), host: "official" };
}

/** @param location of a mirror, or of the original */
async function fromArchive(location) {
    const folder = await unpackFromMirror(cliArchive, location);
    try {
        return await keepDownload(path.join(folder, "pulumi"));
    } finally {
        removeFolder(folder);
    }
}

/**
 * Takes the archive from the mirror, or from Pulumi when its sum is known. Else the npm package `pulumi` runs Pulumi's own
 * script, which verifies nothing.
 */
async function download() {
    if (mirrorLocation !== undefined || pinnedSum(cliArchive.name) !== undefined) {
        return fromArchive(mirrorLocation ?? official);
    }
    sayUnverified(cliArchive.name);
    const folder = temporaryFolder();
    try {
        const { problem } = await run(
            process.execPath,
            [path.join(root, "node_modules", "pulumi", "run.js"), "version"],
            {
                timeoutSeconds: 300,
                progress: `setup: downloading Pulumi ${pinnedVersion}`,
                progressLine: /^Downloading /,
                env: {
                    ...pulumiEnvironment(folder),
                    PULUMI_VERSION: pinnedVersion,
                    NODE_USE_ENV_PROXY: "1", // Node >= 22.21 and 24 then honours HTTPS_PROXY
                },
            },
        );
        if (problem !== undefined) {
            throw new Error(`${problem} (from https://get.pulumi.com)`);
        }
        return await keepDownload(path.join(folder, "versions", pinnedVersion, "bin"));
    } finally {
        removeFolder(folder);
    }
}

/**
 * Where a CLI is looked for, in this order. `find` returns `{cli, version, host}`, where `host` is "official" or "own", or
 * throws an Error with the reason when it has none.
 */
export const cliSources = [
    { name: "PATH", find: fromPath },
    { name: "set up earlier in this project", find: fromProject },
    { name: "set up earlier in the user's cache", find: () => addOurHost(takeFromCache) },
    {
        name:
            mirrorLocation === undefined ? "official download" : "mirror of the official download",
        find: download,
    },
    { name: "Go module", find: () => addOurHost(buildFromModule) },
];
