// Preloaded into Node programs (NODE_OPTIONS=--require): they live LATER_CLOCK_SECONDS later than the machine, or as much later
// as the file LATER_CLOCK_FILE says at that moment.
"use strict";

/* eslint-disable-next-line @typescript-eslint/no-require-imports -- preloaded by Node as plain CommonJS */
const { readFileSync } = require("fs");

const { LATER_CLOCK_FILE: file, LATER_CLOCK_SECONDS: seconds } = process.env;
const Present = Date;

function now() {
    return Present.now() + 1000 * Number(file === undefined ? seconds : readFileSync(file, "utf8"));
}

globalThis.Date = class Date extends Present {
    constructor(...args) {
        super(...(args.length === 0 ? [now()] : args));
    }

    static now() {
        return now();
    }
};
