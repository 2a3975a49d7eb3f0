"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");
const path = require("path");

/**
 * Whether a program's TypeScript is transpiled without type checks, according to a self-contained tsconfig.json:
 * `"ts-node": { "swc": true }` or `{ "transpileOnly": true }`. Everything else is left to ts-node.
 *
 * @param {string} folder of the program
 * @param {string} [settings] path of the tsconfig.json, relative to the folder
 */
exports.isTranspileOnly = (folder, settings = "tsconfig.json") => {
    try {
        const read = (name) => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8"));
        const { extends: base, compilerOptions = {}, "ts-node": tsNode = {} } = read(settings);
        const isPlain = base === undefined && compilerOptions.paths === undefined;
        const { swc, transpileOnly, ...others } = tsNode;
        const isAsked = (swc === true || transpileOnly === true) && isEmpty(others);
        const isCommonJs = String(compilerOptions.module).toLowerCase() === "commonjs";
        return isPlain && isAsked && isCommonJs && read("package.json").type !== "module";
    } catch {
        return false; // The file is missing or has comments.
    }
};

function isEmpty(object) {
    return Object.keys(object).length === 0;
}
