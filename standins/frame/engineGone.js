// Tells a plug-in that its engine is gone. Plain JavaScript, because the host of dynamic providers loads it, too.
"use strict";

/* eslint-disable-next-line @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const { fstatSync } = require("fs");

/**
 * The engine holds the other end of a plug-in's standard input: it closes when the engine is gone, however it went.
 *
 * @param {() => void} end
 */
exports.whenEngineIsGone = (end) => {
    // As BigInt, whose result Node.js keeps apart: `realpathSync` (lib/fs.js) looks at the last other one, and where that was
    // a pipe it gives up and returns the path as it came, links and all. A module would then be loaded by two paths.
    const input = fstatSync(0, { bigint: true });
    // Started by hand or by a test, there may be no engine.
    if (input.isFIFO() || input.isSocket()) {
        process.stdin.on("end", end);
        process.stdin.on("error", end);
        process.stdin.resume();
    }
};
