/* eslint-disable @typescript-eslint/no-require-imports -- it is what makes TypeScript loadable */
/*
 * Entered from the text that Pulumi stores with every dynamic resource (see resource.ts), so this file's path and what it
 * exports stay as they are.
 */
const { availableParallelism } = require("os");

// Keys are made on libuv's threads, which are four unless told otherwise before the first of them starts: one for each
// processor, and one for what must not wait for keys (signatures, host names).
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 1));

require("ts-node/register/transpile-only");

/** @param name of a provider's module below components/, without `Provider.ts` */
module.exports = (name) => require(`../${name}Provider`).provider;
