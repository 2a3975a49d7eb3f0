// What runs before the Pulumi SDK:
//
//     node --require standins/node-host/preload.js .../@pulumi/pulumi/cmd/RUNNER/index.js ...
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const path = require("path");

require("../frame/codeCache").useCodeCache(path.basename(path.dirname(process.argv[1])));
require("./lazyModules");
