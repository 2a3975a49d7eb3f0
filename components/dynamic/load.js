/* eslint-disable @typescript-eslint/no-require-imports -- it is what makes TypeScript loadable */
/*
 * Entered from the text that Pulumi stores with every dynamic resource (see resource.ts), so this file's path and what it
 * exports never change. The names in providers.json stand in states, too: none is ever changed, removed or used again.
 * The files behind them may move.
 */
const { availableParallelism } = require("os");

// Keys are made on libuv's threads, which are four unless told otherwise before the first of them starts: one for each
// processor, and one for what must not wait for keys (signatures, host names).
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 1));

require("ts-node/register/transpile-only");

const modules = require("./providers.json");

/**
 * @param name of a provider, as states hold it
 * @throws Error when this version of the program has no provider of that name
 */
module.exports = (name) => {
    if (!Object.hasOwn(modules, name)) {
        throw new Error(
            `no provider "${name}": the stack was last changed by another version of this program; use that version`,
        );
    }
    return require(modules[name]).provider;
};
