// Code shared by the installers of stand-ins: a launcher is a shell script in the place of an official program. Uses
// only Node built-ins, so that it works before the dependencies are installed.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");

/**
 * The text of a launcher. Sources run in place, so an edit does not require a new installation.
 *
 * @param {string} mark distinguishes it from an official program
 * @param {string[]} files for node: the program to run and its first arguments
 */
function launcher(mark, files) {
    const command = files.map(quote).join(" ");
    return ["#!/bin/sh", `# ${mark}`, `exec node ${command} "$@"`, ""].join("\n");
}

function quote(text) {
    return `'${text.replace(/'/g, "'\\''")}'`;
}

/**
 * @param {RegExp} marker present in every launcher of its kind, including those of earlier versions
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
