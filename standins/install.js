// Installs stand-ins of resource plug-ins where the Pulumi CLI looks for the official ones:
//
//     node standins/install.js PULUMI_HOME NAME ...        e.g. azure-native tls
//
// NAME is a folder beside this file whose main.ts serves the plug-in; its version is that of the npm package
// @pulumi/NAME, which is what the SDK asks the engine for. An official plug-in is left alone. Uses only Node built-ins,
// so that it works before the dependencies are installed.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");
const path = require("path");
const { inPlaceOf, launcher } = require("./launcher");

/**
 * Present in every launcher, including those of earlier versions; distinguishes a stand-in from an official plug-in.
 */
const marker = /^# \S+ stand-in of /m;

/** @returns {string} what was done, for the user */
function install(pulumiHome, name) {
    const repository = path.resolve(__dirname, "..");
    const manifest = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8"));
    const version = manifest.dependencies[`@pulumi/${name}`];
    const program = `pulumi-resource-${name}`;
    const plugins = path.join(path.resolve(pulumiHome), "plugins");
    const folder = path.join(plugins, `resource-${name}-v${version}`);
    const binary = path.join(folder, program);
    const start = path.join(__dirname, "frame", "start.js");
    const entry = path.join(__dirname, name, "main.ts");
    const wanted = launcher(`${name} stand-in of iot-x509`, [start, entry]);

    const present = inPlaceOf(binary, wanted, marker);
    if (present === "current") {
        return `${name} stand-in: already in ${folder}`;
    }
    if (present === "official") {
        throw new Error(
            `${folder} holds the official ${name} plugin, which is left as it is. ` +
                "Use another PULUMI_HOME for the stand-in, or delete that folder first.",
        );
    }
    fs.mkdirSync(plugins, { recursive: true });
    const beside = fs.mkdtempSync(path.join(plugins, `.${name}-stand-in-`));
    try {
        const prepared = path.join(beside, program);
        fs.writeFileSync(prepared, wanted, { mode: 0o755 });
        fs.chmodSync(beside, 0o755);
        if (fs.existsSync(folder)) {
            fs.renameSync(prepared, binary);
        } else {
            moveFolder(beside, folder, prepared, binary);
        }
    } finally {
        fs.rmSync(beside, { recursive: true, force: true });
    }
    return `${name} stand-in: installed in ${folder}`;
}

/** Another installation may have created the folder meanwhile: then only the launcher is moved. */
function moveFolder(from, to, prepared, binary) {
    try {
        fs.renameSync(from, to);
    } catch (error) {
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") {
            throw error;
        }
        fs.renameSync(prepared, binary);
    }
}

function main() {
    const [pulumiHome, ...names] = process.argv.slice(2);
    const unknown = names.filter((name) => !fs.existsSync(path.join(__dirname, name, "main.ts")));
    if (names.length === 0 || unknown.length > 0) {
        const reason = unknown.length > 0 ? `no stand-in: ${unknown.join(", ")}\n` : "";
        process.stderr.write(`${reason}usage: node standins/install.js PULUMI_HOME NAME ...\n`);
        process.exitCode = 2;
        return;
    }
    for (const name of names) {
        try {
            process.stdout.write(`${install(pulumiHome, name)}\n`);
        } catch (error) {
            process.stderr.write(`${name} stand-in: ${error.message}\n`);
            process.exitCode = 1;
        }
    }
}

main();
