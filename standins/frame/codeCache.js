// Keeps the code that V8 compiled, so that the next process of its kind compiles nothing again: the engine starts several
// processes for each command, and a third of their work is compiling.
//
// Node.js has this built in since 22.1. For earlier versions the code is kept here; the npm package v8-compile-cache
// keeps only what V8 compiles at once, not the functions that are called later, and breaks import().
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const { createHash } = require("crypto");
const fs = require("fs");
const Module = require("module");
const path = require("path");
const v8 = require("v8");
const vm = require("vm");
const { keep, keptFolder, repository } = require("./keptFiles");
const { useResolutions } = require("./resolutions");

const folder = path.join(keptFolder, "code");
/** How many characters Node.js puts before a module's first line. */
const wrapperLength = Module.wrap("").indexOf("\n");
/** By then a plug-in has loaded, or what it loads for its first call. The engine ends it by a signal, at which nothing can be kept. */
const loadedMilliseconds = [300, 1500];

/** What only the code that Node.js compiles itself can do. */
const importsLater = /\bimport\s*\(/;

/**
 * Loads modules with the code that was kept, and keeps what is compiled anew.
 *
 * @param {string} kind of process, e.g. `tls`: each kind loads other modules
 */
exports.useCodeCache = (kind) => {
    const keepPaths = useResolutions(kind);
    const keepCode = Module.enableCompileCache === undefined ? ownCache(kind) : builtIn();
    const save = () => {
        keepCode();
        keepPaths();
    };
    loadedMilliseconds.forEach((milliseconds) => setTimeout(save, milliseconds).unref());
    process.once("exit", save);
};

function builtIn() {
    Module.enableCompileCache(folder);
    return () => Module.flushCompileCache?.();
}

function ownCache(kind) {
    // V8 takes only code that was compiled with the same flags, which the tag stands for.
    const tag = v8.cachedDataVersionTag().toString(36);
    const file = path.join(folder, `${kind}-${process.version}-${process.arch}-${tag}`);
    const kept = read(file);
    const compiled = new Map();
    const compile = Module.prototype._compile;
    // Modules elsewhere are those of programs in temporary folders: keeping them would only make the file grow.
    Module.prototype._compile = function (content, name, format) {
        const compileAsIs = () => compile.call(this, content, name, format);
        if (!name.startsWith(repository + path.sep) || importsLater.test(content)) {
            return compileAsIs();
        }
        const digest = createHash("sha1").update(content).digest("base64");
        const entry = kept.get(name);
        const cachedData = entry?.digest === digest ? entry.code : undefined;
        let script;
        try {
            script = new vm.Script(Module.wrap(content.replace(/^#!.*/, "")), {
                filename: name,
                cachedData,
                columnOffset: -wrapperLength,
            });
        } catch {
            // An ES module, which Node.js loads by require, too; or not JavaScript, which it says better.
            return compileAsIs();
        }
        if (cachedData === undefined || script.cachedDataRejected) {
            compiled.set(name, { digest, script });
        }
        const run = script.runInThisContext();
        return run.call(
            this.exports,
            this.exports,
            requireOf(this),
            this,
            name,
            path.dirname(name),
        );
    };
    return () => {
        if (compiled.size > 0) {
            for (const [name, { digest, script }] of compiled) {
                kept.set(name, { digest, code: script.createCachedData() });
            }
            compiled.clear();
            write(file, kept);
        }
    };
}

/** What a module calls as `require`. */
function requireOf(module) {
    const require = (request) => module.require(request);
    const resolve = (request, options) => Module._resolveFilename(request, module, false, options);
    resolve.paths = (request) => Module._resolveLookupPaths(request, module);
    const { _extensions: extensions, _cache: cache } = Module;
    return Object.assign(require, { resolve, main: process.mainModule, extensions, cache });
}

/** A file has the length of its index, the index (JSON: name, digest, length of the code), then all code. */
function read(file) {
    try {
        const bytes = fs.readFileSync(file);
        let start = 4 + bytes.readUInt32LE(0);
        return new Map(
            JSON.parse(bytes.toString("utf8", 4, start)).map(([name, digest, length]) => {
                const code = bytes.subarray(start, (start += length));
                return [name, { digest, code }];
            }),
        );
    } catch {
        return new Map(); // Missing, or cut off.
    }
}

function write(file, kept) {
    const entries = [...kept];
    const index = Buffer.from(
        JSON.stringify(entries.map(([name, { digest, code }]) => [name, digest, code.length])),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(index.length);
    keep(file, Buffer.concat([length, index, ...entries.map(([, { code }]) => code)]));
}
