// In place of the SDK's runtime/closure/v8Hooks.js, which turns V8's debugger on at every start. Only what serializes a
// function asks the debugger something, and all else is slower with it: here it is turned on at the first question.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */

/** Addresses of the loaded scripts, by V8's IDs. */
const addresses = new Map();
let session;

async function open() {
    const { Session } = require("inspector");
    const opened = new Session();
    opened.connect();
    // Turning the debugger on reports all scripts that are loaded, so the listener comes first.
    opened.on("Debugger.scriptParsed", ({ params }) => addresses.set(params.scriptId, params.url));
    await new Promise((resolve, reject) => {
        opened.post("Debugger.enable", (error) => (error === null ? resolve() : reject(error)));
    });
    return opened;
}

exports.isInitializedAsync = () => Promise.resolve();
exports.getSessionAsync = () => (session ??= open());
exports.getScriptUrl = (id) => addresses.get(id);
