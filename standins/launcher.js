// What the installers of stand-ins share: a launcher is a shell script in the place of an official program.
// Only Node built-ins, so that it works before the dependencies are installed.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");

/**
 * A launcher's text. Sources are run in place, so an edit needs no new installation.
 *
 * @param {string} mark what tells it from an official program
 * @param {string[]} files for node: what it runs, and that program's first arguments
 */
function launcher(mark, files) {
    const command = files.map(quote).join(" ");
    return ["#!/bin/sh", `# ${mark}`, `exec node ${command} "$@"`, ""].join("\n");
}

function quote(text) {
    return `'${text.replace(/'/g, "'\\''")}'`;
}

/**
 * @param {RegExp} marker found in every launcher of its kind, also in those of earlier versions
 * @returns {"missing" | "current" | "outdated" | "official"} what is in a launcher's place
 */
function inPlaceOf(file, wanted, marker) {
    const found = read(file);
    if (found === undefined) {
        return "missing";
    }
    if (found === wanted) {
        return "current";
    }
    return marker.test(found) ? "outdated" : "official";
}

function read(file) {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (error) {
        if (error.code === "ENOENT" || error.code === "ENOTDIR") {
            return undefined;
        }
        throw error;
    }
}

module.exports = { inPlaceOf, launcher };
