// Loads TypeScript, in place of ts-node:
//
//     node -r ./scripts/lib/typescript.js cli/check/main.ts ...
//
// A command starts in less than half of the time, because it loads no compiler, nor what the Pulumi SDK seldom uses.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const Module = require("module");
const path = require("path");
const { useCodeCache } = require("../../standins/frame/codeCache");
const { register } = require("../../standins/frame/transpile");

const entry = process.argv[1] ?? "eval";
useCodeCache(path.basename(path.dirname(entry)));
require("../../standins/node-host/lazyModules");
const tsNode = Module.createRequire(require.resolve("ts-node"));
register(
    path.resolve(__dirname, "..", "..", "tsconfig.json"),
    tsNode("@cspotcode/source-map-support"),
);
