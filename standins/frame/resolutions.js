// Keeps where packages' modules are, so that the next process of its kind looks for none of them again: a program of this
// repository loads two thousand, and Node.js asks the file system several times for each.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");
const Module = require("module");
const path = require("path");
const { keep, keptFolder, repository } = require("./keptFiles");

const packages = path.join(repository, "node_modules") + path.sep;

/**
 * Resolves what packages require, and what this repository requires of them, as the last process of this kind did. npm writes
 * `.package-lock.json` whenever it changes a package: then all is looked for again.
 *
 * @param {string} kind of process, e.g. `tls`: each kind loads other modules
 * @returns {() => void} keeps what was found
 */
exports.useResolutions = (kind) => {
    const stamp = stampOf(packages, path.join(packages, ".package-lock.json"));
    if (stamp === undefined) {
        return () => undefined; // Not npm's.
    }
    const file = path.join(keptFolder, "paths", `${kind}-${process.version}.json`);
    const found = read(file, stamp);
    let isNew = false;
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (request, parent, isMain, options) {
        const requirer = parent?.filename ?? "";
        const isKept =
            options === undefined &&
            (requirer.startsWith(packages) ||
                (requirer.startsWith(repository + path.sep) && /^[^./]/.test(request)));
        if (!isKept) {
            return resolve.call(this, request, parent, isMain, options);
        }
        const key = `${path.dirname(requirer)}\0${request}`;
        let name = found.get(key);
        if (name === undefined) {
            name = resolve.call(this, request, parent, isMain, options);
            if (name.startsWith(packages)) {
                found.set(key, name);
                isNew = true;
            }
        }
        return name;
    };
    return () => {
        if (isNew) {
            isNew = false;
            keep(file, JSON.stringify({ stamp, found: [...found] }));
        }
    };
};

function stampOf(...files) {
    try {
        return files
            .map((file) => fs.statSync(file))
            .map(({ mtimeMs, size }) => `${mtimeMs} ${size}`)
            .join();
    } catch {
        return undefined;
    }
}

function read(file, stamp) {
    try {
        const { stamp: then, found } = JSON.parse(fs.readFileSync(file, "utf8"));
        return new Map(then === stamp ? found : []);
    } catch {
        return new Map(); // Missing, or cut off.
    }
}
