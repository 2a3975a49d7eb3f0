// Loads the TypeScript of a program or a policy pack, in place of ts-node:
//
//     node --require standins/node-host/typescript.js ...        in the program's folder
//
// For those whose tsconfig.json asks ts-node only to transpile (see transpileOnly.js): ts-node loads its compilers
// at every start, which takes longer than the SDK and the program together.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const Module = require("module");
const path = require("path");
const { register } = require("../frame/transpile");

// What a provider in the program registers itself is already registered.
const registered = new Set(["ts-node/register", "ts-node/register/transpile-only"]);
/** What runs policy packs always registers ts-node, with type checks, which take longer than everything else. */
const packRunner = path.join("cmd", "run-policy-pack", "run.js");
const ofPackRunner = {
    "../../tsutils": {
        typeScriptRequireStrings: () => ({
            tsnodeRequire: "ts-node",
            typescriptRequire: "typescript",
        }),
        loadTypeScriptCompilerOptions: () => ({}),
    },
    "ts-node": { register() {} },
    typescript: {
        get version() {
            return require("typescript/package.json").version;
        },
    },
};
const load = Module._load;
Module._load = function (request, parent, isMain) {
    if (registered.has(request)) {
        return {};
    }
    if (parent?.filename?.endsWith(packRunner) && Object.hasOwn(ofPackRunner, request)) {
        return ofPackRunner[request];
    }
    return load.call(Module, request, parent, isMain);
};

// The SDK maps stack traces with this package, and is told here where a program's source maps are.
const program = Module.createRequire(path.join(process.cwd(), "package.json"));
const sdk = Module.createRequire(program.resolve("@pulumi/pulumi"));
register(
    path.resolve(process.env.PULUMI_NODEJS_TSCONFIG_PATH ?? "tsconfig.json"),
    sdk("source-map-support"),
);
