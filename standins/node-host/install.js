// Installs launchers of the Node language host where the Pulumi CLI looks for them:
//
//     node standins/node-host/install.js BIN_FOLDER       a folder on PATH, that of `pulumi` itself
//
// At every command the CLI warns about a host that is not beside its own executable. An official host is left alone.
// Uses only Node built-ins, so that it works before the dependencies are installed.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");
const path = require("path");
const { inPlaceOf, launcher } = require("../launcher");

/** Present in every launcher, including those of earlier versions; distinguishes ours from the official ones. */
const marker = /^# \S+ of iot-x509's Node language host$/m;

/** The program that each launcher runs. */
const launchers = {
    "pulumi-language-nodejs": [path.join("..", "frame", "start.js"), "main.ts"],
    "pulumi-resource-pulumi-nodejs": ["dynamicProvider.js"],
};

/** @returns {string} what was done, for the user */
function install(folder, name, files) {
    const target = path.join(folder, name);
    const sources = files.map((file) => path.join(__dirname, file));
    const wanted = launcher(`${name} of iot-x509's Node language host`, sources);
    const present = inPlaceOf(target, wanted, marker);
    if (present === "current") {
        return `${name}: already in ${folder}`;
    }
    if (present === "official") {
        return `${name}: ${folder} has the official one, which is left as it is`;
    }
    const beside = path.join(folder, `.${name}-${process.pid}`);
    try {
        fs.writeFileSync(beside, wanted, { mode: 0o755 });
        fs.renameSync(beside, target);
    } finally {
        fs.rmSync(beside, { force: true });
    }
    return `${name}: installed in ${folder}`;
}

function main() {
    const [given, ...more] = process.argv.slice(2);
    if (given === undefined || more.length > 0) {
        process.stderr.write("usage: node standins/node-host/install.js BIN_FOLDER\n");
        process.exitCode = 2;
        return;
    }
    try {
        const folder = path.resolve(given);
        fs.mkdirSync(folder, { recursive: true });
        for (const [name, files] of Object.entries(launchers)) {
            process.stdout.write(`${install(folder, name, files)}\n`);
        }
    } catch (error) {
        process.stderr.write(`Node language host: ${error.message}\n`);
        process.exitCode = 1;
    }
}

main();
