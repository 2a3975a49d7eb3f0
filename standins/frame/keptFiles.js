// What a start keeps for the next one, in .local/standins.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");
const path = require("path");

exports.repository = path.resolve(__dirname, "..", "..");
exports.keptFolder = path.join(exports.repository, ".local", "standins");

/**
 * Writes a file in one step, so that processes that start at the same time read all of it or nothing. When it cannot be written,
 * only the next start is slower.
 *
 * @param {string} file in keptFolder or below it
 * @param {string | Buffer} content
 */
exports.keep = (file, content) => {
    const beside = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`);
    try {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(beside, content);
        fs.renameSync(beside, file);
    } catch {
        // The folder cannot be written.
    }
};
