/*
 * What a download must be: downloads.json has the SHA-256 of archives by name, as Pulumi publishes them in the checksums
 * file of a release. A name that is not there (a new version, another machine) is said in the log, with what it has.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { root, say } from "../lib/workspace.mjs";

/** A file that is damaged is an error: it must not count as one without sums. */
const pinned = JSON.parse(
    fs.readFileSync(path.join(root, "scripts", "setup", "downloads.json"), "utf8"),
);

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
 * Compares an archive with what is pinned; else with the checksums file that came from the same place, which finds damage
 * out, if no forgery.
 *
 * @param listed reads that checksums file; undefined when there is none
 * @throws Error when they differ
 */
export async function verify(file, name, listed) {
    const found = await sha256(file);
    const wanted = pinnedSum(name);
    const published = wanted === undefined ? listedSum((await listed()) ?? "", name) : undefined;
    const expected = wanted ?? published;
    if (expected !== undefined && found !== expected) {
        const source = wanted === undefined ? "its checksums file says" : "what is pinned is";
        throw new Error(`${file} has the SHA-256 ${found}, but ${source} ${expected}`);
    }
    if (wanted === undefined) {
        const confirmed = published === undefined ? "" : " but the checksums file beside it";
        say(`setup: ${name} has the SHA-256 ${found}, which no source confirms${confirmed}`);
    }
}

/** Says that something is taken without a look at its sum. */
export function sayUnverified(name) {
    say(`setup: no SHA-256 of ${name} is pinned: it is used unverified`);
}
