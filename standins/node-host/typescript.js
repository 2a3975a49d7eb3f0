// Loads a program's TypeScript, in place of ts-node:
//
//     node --require standins/node-host/typescript.js ...        in the program's folder
//
// For programs whose tsconfig.json asks ts-node only to transpile (see transpileOnly.js): ts-node loads its compilers
// at every start, which takes longer than the SDK and the program together.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const Module = require("module");
const path = require("path");
const { register } = require("../frame/transpile");

const textOf = register(path.resolve(process.env.PULUMI_NODEJS_TSCONFIG_PATH ?? "tsconfig.json"));

// What a provider in the program registers itself is already registered.
const registered = new Set(["ts-node/register", "ts-node/register/transpile-only"]);
const load = Module._load;
Module._load = function (request, parent, isMain) {
    return registered.has(request) ? {} : load.call(Module, request, parent, isMain);
};

// The SDK maps stack traces with this package, and is told here where a program's source maps are.
const program = Module.createRequire(path.join(process.cwd(), "package.json"));
const sdk = Module.createRequire(program.resolve("@pulumi/pulumi"));
sdk("source-map-support").install({
    environment: "node",
    retrieveSourceMap(file) {
        const text = textOf(file);
        const map = /sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(
            text ?? "",
        )?.[1];
        return map === undefined ? null : { url: file, map: Buffer.from(map, "base64").toString() };
    },
});
