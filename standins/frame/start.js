// Runs a TypeScript entry of a stand-in, with its transpiled sources kept in .local:
//
//     node standins/frame/start.js standins/tls/main.ts ARGUMENTS ...
//
// The engine starts plug-ins and the language host at every command, and loading the TypeScript
// compiler each time would cost more than their work.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const { createHash } = require("crypto");
const fs = require("fs");
const path = require("path");

const repository = path.resolve(__dirname, "..", "..");
const cache = path.join(repository, ".local", "standins");
const settings = fs.readFileSync(path.join(repository, "tsconfig.json"), "utf8");

require.extensions[".ts"] = (module, file) => {
    const source = fs.readFileSync(file, "utf8");
    const digest = createHash("sha256").update(settings).update(source).digest("hex");
    const stem = path.relative(repository, file).replace(/[/\\]/g, "_").replace(/\.ts$/, "");
    const kept = path.join(cache, `${stem}.${digest.slice(0, 16)}.js`);
    module._compile(read(kept) ?? transpile(source, stem, kept), file);
};

function read(file) {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return undefined;
    }
}

function transpile(source, stem, kept) {
    const typescript = require("typescript");
    const { config } = typescript.parseConfigFileTextToJson("tsconfig.json", settings);
    const { outputText } = typescript.transpileModule(source, {
        compilerOptions: { ...config.compilerOptions, noEmit: false },
    });
    try {
        fs.mkdirSync(cache, { recursive: true });
        const outdated = fs.readdirSync(cache).filter((name) => name.startsWith(`${stem}.`));
        const beside = path.join(cache, `.${stem}.${process.pid}`);
        fs.writeFileSync(beside, outputText);
        fs.renameSync(beside, kept);
        outdated.forEach((name) => fs.rmSync(path.join(cache, name), { force: true }));
    } catch {
        // A folder that cannot be written costs time at the next start, nothing else.
    }
    return outputText;
}

const [entry] = process.argv.splice(2, 1);
process.argv[1] = path.resolve(entry);
require(process.argv[1]);
