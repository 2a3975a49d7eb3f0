// Defers loading of modules that the Pulumi SDK loads at every start but seldom uses:
//
//     node --require standins/node-host/lazyModules.js ...
//
// The npm client and the TypeScript compiler, both used for programs that serialize functions, take more than half of
// the SDK's loading time.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const Module = require("module");

const seldomUsed = new Set(["@npmcli/arborist", "typescript"]);
const load = Module._load;

Module._load = function (request, parent, isMain) {
    const now = () => load.call(Module, request, parent, isMain);
    if (!seldomUsed.has(request)) {
        return now();
    }
    Module._resolveFilename(request, parent, isMain); // A missing module fails here, not later.
    return later(now);
};

/** A module that is loaded when one of its members is accessed. */
function later(now) {
    let loaded;
    const get = (_, key) => {
        if (key === "__esModule") {
            return true; // So that an import does not look at its members.
        }
        loaded ??= now();
        return key === "default" ? loaded : loaded[key];
    };
    return new Proxy({}, { get });
}
