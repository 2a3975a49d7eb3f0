// Tells a plug-in that its engine has exited. Plain JavaScript, because the host of dynamic providers loads it, too.
"use strict";

/* eslint-disable-next-line @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const { fstatSync } = require("fs");

/**
 * The engine holds the other end of a plug-in's standard input, which closes when the engine exits for whatever reason.
 *
 * @param {() => void} end
 */
exports.whenEngineIsGone = (end) => {
    // With bigint, because Node.js keeps that result separate: `realpathSync` (lib/fs.js) looks at the last non-bigint
    // result, and if that was a pipe it gives up and returns the path unresolved. A module would then be loaded by two
    // paths.
    const input = fstatSync(0, { bigint: true });
    // When started by hand or by a test, there may be no engine.
    if (input.isFIFO() || input.isSocket()) {
        process.stdin.on("end", end);
        process.stdin.on("error", end);
        process.stdin.resume();
    }
};
