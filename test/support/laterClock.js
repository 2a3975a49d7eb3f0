// Preloaded into Node programs (NODE_OPTIONS=--require): they live LATER_CLOCK_SECONDS later than the machine.
"use strict";

const offset = 1000 * Number(process.env.LATER_CLOCK_SECONDS);
const Present = Date;

globalThis.Date = class Date extends Present {
    constructor(...args) {
        super(...(args.length === 0 ? [Present.now() + offset] : args));
    }

    static now() {
        return Present.now() + offset;
    }
};
