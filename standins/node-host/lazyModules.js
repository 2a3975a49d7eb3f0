// Defers what the Pulumi SDK does at every start but seldom needs.
//
// The npm client and the TypeScript compiler, both used for programs that serialize functions, take more than half of
// the SDK's loading time. V8's debugger and what exports traces take a fifth of the rest.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const Module = require("module");
const path = require("path");

const seldomUsed = new Set(
    ["@npmcli/arborist", "normalize-package-data", "typescript"] // to serialize functions
        .concat(["@logdna/tail-file", "execa", "js-yaml"]), // the Automation API
);
/** Only what the SDK requires is deferred: a program may use the same packages in other ways. */
const sdk = path.join(path.sep, "@pulumi", "pulumi", path.sep);
/** The module of the SDK that traces. It takes OpenTelemetry's functions at every start, and calls them when told to. */
const tracing = path.join("cmd", "run", "tracing.js");
const load = Module._load;

Module._load = function (request, parent, isMain) {
    const now = () => load.call(Module, request, parent, isMain);
    const requirer = parent?.filename ?? "";
    if (!requirer.includes(sdk)) {
        return now();
    }
    const isForTracing =
        requirer.endsWith(tracing) &&
        request.startsWith("@opentelemetry/") &&
        request !== "@opentelemetry/api";
    if (seldomUsed.has(request) || isForTracing) {
        Module._resolveFilename(request, parent, isMain); // A missing module fails here, not later.
        return isForTracing ? functionsLater(now) : later(now);
    }
    return request.endsWith("/v8Hooks") ? require("./v8Hooks") : now();
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

/** A module that is loaded when one of its functions or classes is called. */
function functionsLater(now) {
    const get = (_, key) =>
        new Proxy(function () {}, {
            apply: (_function, self, args) => Reflect.apply(now()[key], self, args),
            construct: (_class, args) => Reflect.construct(now()[key], args),
        });
    return new Proxy({}, { get });
}
