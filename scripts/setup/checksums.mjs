/*
 * What a download must be: downloads.json has the SHA-256 of archives by name, as Pulumi publishes them in the checksums
 * file of a release. A name that is not there (a new version, another machine) is said in the log, with what it has.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { root, say, writeFile } from "../lib/workspace.mjs";

/** A file that is damaged is an error: it must not count as one without sums. */
const pinnedFile = path.join(root, "scripts", "setup", "downloads.json");
const pinned = JSON.parse(fs.readFileSync(pinnedFile, "utf8"));

export async function sha256(file) {
    const hash = createHash("sha256");
    await pipeline(fs.createReadStream(file), hash);
    return hash.digest("hex");
}

/** @returns the SHA-256 that an archive of this name must have, or undefined when it is not known */
export function pinnedSum(name) {
    return Object.hasOwn(pinned, name) ? pinned[name] : undefined;
}

/** @returns the SHA-256 of a file in a text as sha256sum writes it; undefined when there is none, or of another kind */
function listedSum(text, name) {
    const lines = text
        .split("\n")
        .map((line) => /^([0-9a-f]{64})\s+\*?(?:\.\/)?(\S+)$/i.exec(line));
    return lines.find((line) => line?.[2] === name)?.[1].toLowerCase();
}

/**
 * Compares an archive with the checksums file that came from the same place, which finds damage out, if no forgery.
 *
 * @param listed reads that checksums file; undefined when there is none
 * @returns its SHA-256, and whether the file confirms it
 * @throws Error when they differ
 */
async function compareWithListed(file, name, listed) {
    const found = await sha256(file);
    const published = listedSum((await listed()) ?? "", name);
    if (published !== undefined && found !== published) {
        throw new Error(
            `${file} has the SHA-256 ${found}, but its checksums file says ${published}`,
        );
    }
    return { found, isConfirmed: published !== undefined };
}

/** @returns the SHA-256 of a file, see {@link compareWithListed} */
export async function confirmedSum(file, name, listed) {
    const { found, isConfirmed } = await compareWithListed(file, name, listed);
    const by = isConfirmed ? "the release's checksums file confirms it" : "nothing confirms it";
    say(`setup: ${name} has the SHA-256 ${found}; ${by}`);
    return found;
}

/**
 * Compares an archive with what is pinned, else with the checksums file of its release.
 *
 * @param listed reads that checksums file; undefined when there is none
 * @throws Error when they differ
 */
export async function verify(file, name, listed) {
    const wanted = pinnedSum(name);
    if (wanted === undefined) {
        const { found, isConfirmed } = await compareWithListed(file, name, listed);
        const confirmed = isConfirmed ? " but the checksums file beside it" : "";
        say(`setup: ${name} has the SHA-256 ${found}, which no source confirms${confirmed}`);
        return;
    }
    const found = await sha256(file);
    if (found !== wanted) {
        throw new Error(`${file} has the SHA-256 ${found}, but what is pinned is ${wanted}`);
    }
}

/** Says that something is taken without a look at its sum. */
export function sayUnverified(name) {
    say(`setup: no SHA-256 of ${name} is pinned: it is used unverified`);
}

/** Makes these the pinned sums, by name of the archive, instead of all that are there. */
export function pinSums(sums) {
    const sorted = Object.fromEntries(Object.entries(sums).sort());
    writeFile(pinnedFile, `${JSON.stringify(sorted, undefined, 4)}\n`);
}
