// Loads TypeScript by transpiling it, and caches the result in .local/standins: the engine starts plug-ins, the
// language host and programs at every command, and loading a compiler each time would cost more than their work.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const { createHash } = require("crypto");
const fs = require("fs");
const path = require("path");
const { keep, keptFolder: cache, repository } = require("./keptFiles");

/**
 * Makes `.ts` files loadable by `require`.
 *
 * @param {string} settings path of the tsconfig.json
 * @param {{ install(options: object): void }} [support] the npm package source-map-support, or one like it, which then
 *     maps stack traces
 */
exports.register = (settings, support) => {
    const text = fs.readFileSync(settings, "utf8");
    const texts = new Map();
    require.extensions[".ts"] = (module, file) => {
        const source = fs.readFileSync(file, "utf8");
        // The source map names the file, so the path is part of the cache key.
        const name = path.relative(repository, file);
        const digest = createHash("sha256").update(`${text}\0${name}\0${source}`).digest("hex");
        const stem = name.replace(/[/\\]/g, "_").replace(/\.ts$/, "").slice(-100);
        const kept = path.join(cache, `${stem}.${digest.slice(0, 16)}.js`);
        const code = read(kept) ?? transpile(source, file, stem, kept, settings, text);
        texts.set(file, code);
        module._compile(code, file);
    };
    support?.install({
        environment: "node",
        retrieveSourceMap(file) {
            const map = /sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(
                texts.get(file) ?? "",
            )?.[1];
            return map === undefined
                ? null
                : { url: file, map: Buffer.from(map, "base64").toString() };
        },
    });
};

function read(file) {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return undefined;
    }
}

function transpile(source, file, stem, kept, settings, text) {
    const typescript = require("typescript");
    const { config } = typescript.parseConfigFileTextToJson(settings, text);
    const { outputText } = typescript.transpileModule(source, {
        fileName: file,
        compilerOptions: { ...config.compilerOptions, noEmit: false, inlineSourceMap: true },
    });
    keep(kept, outputText);
    try {
        fs.readdirSync(cache)
            .filter((name) => name.startsWith(`${stem}.`) && name !== path.basename(kept))
            .forEach((name) => fs.rmSync(path.join(cache, name), { force: true }));
    } catch {
        // What is outdated stays.
    }
    return outputText;
}
