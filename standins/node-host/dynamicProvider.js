// Serves the dynamic providers of a program, as the official launcher does:
//
//     node standins/node-host/dynamicProvider.js ENGINE       in the program's folder
//
// The server is the program's own, @pulumi/pulumi/cmd/dynamic-provider. It is loaded without the stand-ins' frame,
// because the providers load TypeScript in their own way.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const { createRequire } = require("module");
const path = require("path");
const { useCodeCache } = require("../frame/codeCache");
const { whenEngineIsGone } = require("../frame/engineGone");
const { isTranspileOnly } = require("./transpileOnly");

// Only gRPC reads this: it must not use the proxy in HTTPS_PROXY to reach the engine.
const { no_grpc_proxy: own, no_proxy: general } = process.env;
process.env.no_grpc_proxy = [own ?? general, "127.0.0.1,localhost"].filter(Boolean).join(",");

whenEngineIsGone(() => process.exit(0));

let server;
try {
    const program = createRequire(path.join(process.cwd(), "package.json"));
    server = program.resolve("@pulumi/pulumi/cmd/dynamic-provider");
} catch {
    process.stderr.write(
        `@pulumi/pulumi is not installed in ${process.cwd()}: run \`pulumi install\` there\n`,
    );
    process.exit(1);
}
useCodeCache("dynamic-provider");
require("./lazyModules");
if (isTranspileOnly(process.cwd())) {
    require("./typescript");
}
require(server);
