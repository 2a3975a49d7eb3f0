// Runs a TypeScript entry point of a stand-in:
//
//     node standins/frame/start.js standins/tls/main.ts ARGUMENTS ...
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const path = require("path");
const { useCodeCache } = require("./codeCache");
const { register } = require("./transpile");

const [entry] = process.argv.splice(2, 1);
process.argv[1] = path.resolve(entry);
useCodeCache(path.basename(path.dirname(process.argv[1])));
register(path.resolve(__dirname, "..", "..", "tsconfig.json"));
require(process.argv[1]);
