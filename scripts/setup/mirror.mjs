/*
 * A copy of Pulumi's official downloads in a folder or on a web server, for machines that cannot reach get.pulumi.com:
 * PULUMI_TOOLCHAIN_MIRROR. Its files have the names that Pulumi gives them and lie together, or as on get.pulumi.com.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { confirmedSum, verify } from "./checksums.mjs";
import { run } from "../lib/command.mjs";
import { pinnedVersion, removeFolder, root, say, temporaryFolder } from "../lib/workspace.mjs";

/** Where a mirror is, if one is configured: a folder, a `file://` or an `https://` address. */
export const mirrorLocation = process.env.PULUMI_TOOLCHAIN_MIRROR || undefined;

/** What a mirror is a copy of. */
export const official = "https://get.pulumi.com";

/** This machine, in Node's names. */
const here = { platform: process.platform, arch: process.arch };

/** Go's name of a processor, which plugin archives bear. */
const goArch = (arch) => ({ x64: "amd64" })[arch] ?? arch;

/** E.g. `pulumi-v3.260.0-linux-x64.tar.gz`, and its folder on get.pulumi.com. */
export function cliArchiveOf({ platform, arch }) {
    return {
        folder: "releases/sdk",
        name: `pulumi-v${pinnedVersion}-${platform}-${arch}.tar.gz`,
        /** The file of the release that has its sum. */
        checksums: `pulumi-${pinnedVersion}-checksums.txt`,
    };
}

export const cliArchive = cliArchiveOf(here);

/** E.g. `pulumi-resource-tls-v5.5.1-linux-amd64.tar.gz`. */
export function pluginArchive({ name, version }, { platform, arch } = here) {
    return {
        folder: "releases/plugins",
        name: `pulumi-resource-${name}-v${version}-${platform}-${goArch(arch)}.tar.gz`,
        checksums: `pulumi-${name}_${version}_checksums.txt`,
    };
}

async function download(url, file) {
    say(`setup: fetching ${url} ...`);
    const giveUp = new AbortController();
    const connecting = setTimeout(() => giveUp.abort(new Error("no answer in 15 s")), 15_000);
    const whole = setTimeout(() => giveUp.abort(new Error("not finished in 600 s")), 600_000);
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

/**
 * @param location of the mirror
 * @returns the path of a file of a release, which is first fetched into `into` from a web server
 */
async function locate(location, { folder, name }, into) {
    const places = [name, `${folder}/${name}`];
    if (location.startsWith("https://")) {
        const file = path.join(into, name);
        const [flat, nested] = places.map((p) => `${location.replace(/\/+$/, "")}/${p}`);
        const [first, second] = location === official ? [nested, flat] : [flat, nested];
        await download(first, file).catch(() => download(second, file));
        return file;
    }
    const base = location.startsWith("file://")
        ? fileURLToPath(location)
        : path.resolve(root, location);
    const files = places.map((place) => path.join(base, place));
    const file = files.find((candidate) => fs.existsSync(candidate));
    if (file === undefined) {
        throw new Error(`${files[0]} does not exist`);
    }
    return file;
}

/** @returns the text of an archive's checksums file; undefined when there is none */
async function readChecksums(location, { folder, checksums }, into) {
    try {
        return fs.readFileSync(await locate(location, { folder, name: checksums }, into), "utf8");
    } catch {
        return undefined;
    }
}

/**
 * @returns the SHA-256 of an archive, which the release's checksums file, if it is beside it, confirms
 * @throws Error with the reason, also when the two differ
 */
export async function sumOfArchive(archive, location = mirrorLocation ?? official) {
    const fetched = temporaryFolder();
    try {
        const file = await locate(location, archive, fetched);
        return await confirmedSum(file, archive.name, () =>
            readChecksums(location, archive, fetched),
        );
    } finally {
        removeFolder(fetched);
    }
}

/**
 * @returns a temporary folder with what an archive holds, for the caller to install from and to remove
 * @throws Error with the reason; nothing is left then
 */
export async function unpackFromMirror(archive, location = mirrorLocation) {
    const [fetched, unpacked] = [temporaryFolder(), temporaryFolder()];
    try {
        const file = await locate(location, archive, fetched);
        await verify(file, archive.name, () => readChecksums(location, archive, fetched));
        const { problem } = await run("tar", ["-xzf", file, "-C", unpacked], {
            timeoutSeconds: 300,
            progress: `setup: unpacking ${file}`,
        });
        if (problem !== undefined) {
            throw new Error(`${file} cannot be unpacked: ${problem}`);
        }
        return unpacked;
    } catch (error) {
        removeFolder(unpacked);
        throw error;
    } finally {
        removeFolder(fetched);
    }
}
