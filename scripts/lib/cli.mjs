/* The Pulumi CLI: which one is good enough, and where one can be had. */
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./command.mjs";
import { unpackMirror } from "./mirror.mjs";
import { installPluginsFrom } from "./plugins.mjs";
import {
    installFolder,
    isExecutable,
    local,
    pathFolders,
    pulumiEnvironment,
    readJson,
    removeFolder,
    root,
    temporaryFolder,
} from "./workspace.mjs";

/** What a CLI starts to run a Node.js program and its dynamic resources. */
const nodeHosts = ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

const downloaded = path.join(local, "official");
const mirrored = path.join(local, "mirror");

/** The version of @pulumi/pulumi that package.json pins; an older CLI may not understand it. */
export const pinnedVersion = readJson(path.join(root, "package.json")).dependencies[
    "@pulumi/pulumi"
];

function isOlder(version, than) {
    const [left, right] = [version, than].map((text) => text.split(".").map(Number));
    const at = left.findIndex((part, index) => part !== right[index]);
    return at >= 0 && left[at] < right[at];
}

/**
 * @returns `{cli, version}` of a CLI that runs, is not older than the pinned version and has its Node.js host
 * @throws Error that says what is wrong with it
 */
async function examine(cli) {
    if (!isExecutable(cli)) {
        throw new Error(`${cli} is not there or not executable`);
    }
    const { stdout, problem } = await run(cli, ["version"], {
        timeoutSeconds: 30,
        env: pulumiEnvironment(),
    });
    const version = /^v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    if (problem !== undefined || version === undefined) {
        throw new Error(`${cli} does not run: ${problem ?? "it names no version"}`);
    }
    if (isOlder(version, pinnedVersion)) {
        throw new Error(`${cli} is ${version}, older than ${pinnedVersion}`);
    }
    const folders = [path.dirname(cli), path.dirname(fs.realpathSync(cli)), ...pathFolders()];
    const missing = nodeHosts.filter(
        (host) => !folders.some((folder) => isExecutable(path.join(folder, host))),
    );
    if (missing.length > 0) {
        throw new Error(`${cli} has no Node.js host: ${missing.join(", ")} missing`);
    }
    return { cli, version };
}

/** Every `pulumi` on PATH, in its order. */
export function clisOnPath() {
    const files = pathFolders().map((folder) => path.join(folder, "pulumi"));
    return [...new Set(files)].filter(isExecutable);
}

/** The first good one of some CLIs; the Error names what is wrong with each. */
async function firstGood(clis, whenNone) {
    const problems = [];
    for (const cli of clis) {
        try {
            return await examine(cli);
        } catch (error) {
            problems.push(error.message);
        }
    }
    throw new Error(problems.length === 0 ? whenNone : problems.join("; "));
}

/** Lets the npm package `pulumi` fetch and run Pulumi's install script, into a folder that then replaces ours. */
async function download() {
    const folder = temporaryFolder();
    try {
        const { problem } = await run(
            process.execPath,
            [path.join(root, "node_modules", "pulumi", "run.js"), "version"],
            {
                timeoutSeconds: 300,
                progress: `setup: downloading Pulumi ${pinnedVersion}`,
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
        const bin = path.join(folder, "versions", pinnedVersion, "bin");
        await examine(path.join(bin, "pulumi"));
        installFolder(bin, path.join(downloaded, "bin"));
    } finally {
        removeFolder(folder);
    }
    return examine(path.join(downloaded, "bin", "pulumi"));
}

async function takeFromMirror() {
    const folder = await unpackMirror();
    try {
        await examine(path.join(folder, "bin", "pulumi"));
        installPluginsFrom(folder);
        installFolder(folder, mirrored);
    } finally {
        removeFolder(folder);
    }
    return examine(path.join(mirrored, "bin", "pulumi"));
}

/** Where a CLI is looked for, in this order. `find` throws an Error with the reason when it has none. */
export const cliSources = [
    { name: "PATH", find: () => firstGood(clisOnPath(), "no pulumi there") },
    {
        name: "set up earlier in .local",
        find: () =>
            firstGood(
                [downloaded, mirrored]
                    .map((folder) => path.join(folder, "bin", "pulumi"))
                    .filter((cli) => fs.existsSync(cli)),
                "nothing yet",
            ),
    },
    { name: "official download", find: download },
    { name: "toolchain mirror", find: takeFromMirror },
];
