/* A copy of the CLI and its plugins in a folder or on a web server, for machines that cannot reach get.pulumi.com. */
import * as fs from "node:fs";
import * as path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { run } from "./command.mjs";
import { removeFolder, root, say, temporaryFolder } from "./workspace.mjs";

export const archiveName = "pulumi-toolchain-linux-amd64.tar.xz";
const defaultFolder = path.join(root, "..", "shared", "toolchain");

function mirrorLocation() {
    const configured = process.env.PULUMI_TOOLCHAIN_MIRROR;
    if (configured) {
        return configured;
    }
    if (!fs.existsSync(defaultFolder)) {
        throw new Error("PULUMI_TOOLCHAIN_MIRROR is not set and there is no ../shared/toolchain");
    }
    return defaultFolder;
}

async function fetchArchive(url, file) {
    say(`setup: fetching ${url} ...`);
    const giveUp = new AbortController();
    const connecting = setTimeout(() => giveUp.abort(new Error("no answer in 15 s")), 15_000);
    const whole = setTimeout(() => giveUp.abort(new Error("not done in 600 s")), 600_000);
    try {
        const response = await fetch(url, { signal: giveUp.signal });
        clearTimeout(connecting);
        if (!response.ok || response.body === null) {
            throw new Error(`HTTP ${response.status}`);
        }
        await pipeline(Readable.fromWeb(response.body), fs.createWriteStream(file));
    } catch (error) {
        throw new Error(`${url}: ${error.cause?.message ?? error.message}`);
    } finally {
        clearTimeout(connecting);
        clearTimeout(whole);
    }
}

/** @returns the path of the archive, which is first fetched into `folder` from a web server */
async function locateArchive(folder) {
    const location = mirrorLocation();
    if (location.startsWith("https://")) {
        const file = path.join(folder, archiveName);
        await fetchArchive(`${location.replace(/\/+$/, "")}/${archiveName}`, file);
        return file;
    }
    const base = location.startsWith("file://") ? fileURLToPath(location) : location;
    const file = path.resolve(root, base, archiveName);
    if (!fs.existsSync(file)) {
        throw new Error(`${file} is not there`);
    }
    return file;
}

/**
 * @returns a temporary folder with the archive's bin/ and plugins/, for the caller to install from and to remove
 * @throws Error with the reason; nothing is left then
 */
export async function unpackMirror() {
    if (process.platform !== "linux" || process.arch !== "x64") {
        throw new Error(`holds linux/x64 only; this is ${process.platform}/${process.arch}`);
    }
    const [download, unpacked] = [temporaryFolder(), temporaryFolder()];
    try {
        const archive = await locateArchive(download);
        const { problem } = await run("tar", ["-xJf", archive, "-C", unpacked], {
            timeoutSeconds: 300,
            progress: `setup: unpacking ${archive}`,
        });
        if (problem !== undefined) {
            throw new Error(`${archive} does not unpack: ${problem}`);
        }
        return unpacked;
    } catch (error) {
        removeFolder(unpacked);
        throw error;
    } finally {
        removeFolder(download);
    }
}
