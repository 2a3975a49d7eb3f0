/*
 * The Pulumi CLI built by Go's own client from its module: for machines that reach package registries and nothing else.
 * scripts/setup/engine/go.mod pins the module, go.sum every module it needs. One build serves all clones of a user: it is kept
 * in the user's cache with a checksum, and each project takes a copy that is checked first.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { sha256 } from "./checksums.mjs";
import { run } from "../lib/command.mjs";
import {
    installFolder,
    isExecutable,
    pinnedVersion,
    removeFolder,
    root,
    say,
    temporaryFolder,
} from "../lib/workspace.mjs";

const module = "github.com/pulumi/pulumi/pkg/v3";
const command = `${module}/cmd/pulumi`;
const versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
const folder = path.join(root, "scripts", "setup", "engine");

/** From here on, Go fetches a newer toolchain by itself when a module asks for one: https://go.dev/doc/toolchain */
const firstWithToolchains = [1, 21];
const fetchSeconds = 900;
const buildSeconds = 3600;

/** `$XDG_CACHE_HOME/iot-x509`, by default `~/.cache/iot-x509`: https://specifications.freedesktop.org/basedir-spec */
function cacheFolder() {
    const configured = process.env.XDG_CACHE_HOME;
    const base =
        configured !== undefined && path.isAbsolute(configured)
            ? configured
            : path.join(homedir(), ".cache");
    return path.join(base, "iot-x509");
}

function cachedBuild() {
    return path.join(cacheFolder(), `pulumi-v${pinnedVersion}-${process.platform}-${process.arch}`);
}

/**
 * @returns the path of a copy in `into` of the CLI that an earlier build left in the user's cache
 * @throws Error when there is none, or when it is not what was built; that one is removed
 */
export async function takeFromCache(into) {
    const cached = cachedBuild();
    if (!fs.existsSync(cached)) {
        throw new Error("nothing yet");
    }
    const copy = path.join(into, "pulumi");
    try {
        fs.copyFileSync(path.join(cached, "pulumi"), copy, fs.constants.COPYFILE_FICLONE);
        const wanted = fs.readFileSync(path.join(cached, "pulumi.sha256"), "utf8").split(" ")[0];
        if ((await sha256(copy)) !== wanted) {
            throw new Error("its checksum is not that of the build");
        }
    } catch (error) {
        fs.rmSync(copy, { force: true });
        if (error.code === "ENOSPC") {
            throw error;
        }
        removeFolder(cached);
        throw new Error(`${cached} is damaged (${error.message}) and was removed`);
    }
    return copy;
}

/** Keeps a built CLI for other clones. The checksum is of what was built, so a copy cut short is found out. */
async function keepInCache(built) {
    const beside = temporaryFolder(cacheFolder());
    try {
        fs.writeFileSync(path.join(beside, "pulumi.sha256"), `${await sha256(built)}  pulumi\n`);
        fs.copyFileSync(built, path.join(beside, "pulumi"), fs.constants.COPYFILE_FICLONE);
        installFolder(beside, cachedBuild());
    } catch (error) {
        say(`setup: the build cannot be cached in ${cacheFolder()}: ${error.message}`);
    } finally {
        removeFolder(beside);
    }
}

function makeCacheFolder() {
    try {
        fs.mkdirSync(cacheFolder(), { recursive: true });
        fs.accessSync(cacheFolder(), fs.constants.W_OK);
    } catch (error) {
        throw new Error(
            `the cache ${cacheFolder()} is not writable (${error.code}): ` +
                "set XDG_CACHE_HOME to a writable folder",
        );
    }
}

/** Holds a lock of the user's while `work` runs: two clones that need a build make one. */
async function withCacheLock(work) {
    makeCacheFolder();
    const script = '. scripts/lib/lock; lock "setup: build of Pulumi" "$0"; echo held; exec cat';
    const holder = spawn("bash", ["-c", script, path.join(cacheFolder(), "build.lock")], {
        cwd: root,
        stdio: ["pipe", "pipe", "inherit"],
    });
    try {
        await new Promise((resolve, reject) => {
            holder.stdout.once("data", resolve);
            holder.once("error", reject);
            holder.once("exit", () => reject(new Error("the user's cache cannot be locked")));
        });
        return await work();
    } finally {
        holder.stdin.end(); // ends it, as the end of this process would
    }
}

function isOlder([major, minor], [wantedMajor, wantedMinor]) {
    return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** @throws Error with the remedy when Go is absent or cannot build the module */
async function checkGo() {
    const wanted = /^go (\S+)$/m.exec(fs.readFileSync(path.join(folder, "go.mod"), "utf8"))[1];
    const remedy = `install Go ${wanted} or newer (https://go.dev/dl) and add it to PATH`;
    // Away from the module: inside it, a Go that is too old refuses even to tell its version.
    const { stdout, problem } = await run("go", ["env", "GOVERSION", "GOTOOLCHAIN"], {
        timeoutSeconds: 60,
        cwd: path.parse(root).root,
    });
    if (problem !== undefined) {
        throw new Error(
            /ENOENT/.test(problem) ? `no go on PATH: ${remedy}` : `go does not run: ${problem}`,
        );
    }
    const [version, toolchain = "local"] = stdout.split("\n");
    const numbers = /^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(version)?.slice(1).map(Number);
    const needed = wanted.split(".").map(Number);
    const tooOld =
        numbers === undefined ||
        isOlder(numbers, needed) ||
        (numbers[1] === needed[1] && (numbers[2] || 0) < (needed[2] ?? 0));
    const fetchesNewer = toolchain !== "local" && !isOlder(numbers ?? [0, 0], firstWithToolchains);
    if (tooOld && !fetchesNewer) {
        throw new Error(
            `Go is ${version.replace(/^go/, "")}, but Pulumi needs ${wanted}: ${remedy}`,
        );
    }
}

async function go(args, options) {
    const { stdout, problem } = await run("go", args, { ...options, cwd: folder });
    if (problem !== undefined) {
        throw new Error(`go ${args[0]}${args[0] === "mod" ? ` ${args[1]}` : ""}: ${problem}`);
    }
    return stdout;
}

/** Builds into a folder that goes when this process ends: what is killed or finds the disk full leaves nothing. */
async function build(into) {
    const downloading = `setup: fetching the Go module ${module} v${pinnedVersion}`;
    await go(["mod", "download"], { timeoutSeconds: fetchSeconds, progress: downloading });
    const packages = await go(["list", "-deps", command], { timeoutSeconds: fetchSeconds });
    const total = packages.trim().split("\n").length;
    const file = path.join(into, "pulumi");
    await go(
        [
            ...["build", "-v", "-trimpath", "-mod=readonly", "-buildvcs=false"],
            ...["-ldflags", `-s -w -X ${versionVariable}=v${pinnedVersion}`],
            ...["-o", file, command],
        ],
        {
            timeoutSeconds: buildSeconds,
            progress:
                "setup: building the Pulumi CLI with Go (the first time takes some minutes), " +
                `up to ${total.toLocaleString("en")} packages`,
            progressLine: /^[\w.~/-]+$/, // with -v, go names each package when it compiles it
            state: (compiled) => compiled > 0 && `${compiled.toLocaleString("en")} compiled`,
        },
    );
    if (!isExecutable(file)) {
        throw new Error("go build produced no program");
    }
    return file;
}

/**
 * Builds the CLI of the pinned version, or takes the build that another clone finished meanwhile.
 *
 * @returns the path of the CLI in `into`
 * @throws Error with Go's reason, or with the remedy when there is no Go that can do it
 */
export async function buildFromModule(into) {
    await checkGo();
    return withCacheLock(async () => {
        try {
            return await takeFromCache(into);
        } catch {
            const built = await build(into);
            await keepInCache(built);
            return built;
        }
    });
}
