// Puts the azure-native stand-in where the Pulumi CLI looks for the plugin:
//
//     node emulator/azure-native/install.js PULUMI_HOME
//
// Only Node built-ins, so that it works before the dependencies are installed.
"use strict";

/* eslint-disable @typescript-eslint/no-require-imports -- plain CommonJS, run by node itself */
const fs = require("fs");
const path = require("path");

const marker = "# azure-native stand-in of the local emulator";

/** The launcher: sources are run in place, so an edit needs no new installation. */
function launcher(repository) {
    const start = path.join(repository, "emulator", "azure-native", "start.js");
    return ["#!/bin/sh", marker, `exec node '${start.replace(/'/g, "'\\''")}' "$@"`, ""].join("\n");
}

function read(file) {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (error) {
        if (error.code === "ENOENT" || error.code === "ENOTDIR") {
            return undefined;
        }
        throw error;
    }
}

/** @returns {string} what was done, for people. */
function install(pulumiHome) {
    const repository = path.resolve(__dirname, "..", "..");
    const manifest = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8"));
    const version = manifest.dependencies["@pulumi/azure-native"];
    const plugins = path.join(path.resolve(pulumiHome), "plugins");
    const folder = path.join(plugins, `resource-azure-native-v${version}`);
    const binary = path.join(folder, "pulumi-resource-azure-native");
    const wanted = launcher(repository);

    const found = read(binary);
    if (found === wanted) {
        return `azure-native stand-in: already in ${folder}`;
    }
    if (found !== undefined && !found.includes(marker)) {
        throw new Error(
            `${folder} holds the official azure-native plugin, which is left as it is. ` +
                "Use another PULUMI_HOME for the emulator's stand-in, or delete that folder first.",
        );
    }
    fs.mkdirSync(plugins, { recursive: true });
    const beside = fs.mkdtempSync(path.join(plugins, ".azure-native-stand-in-"));
    try {
        const prepared = path.join(beside, "pulumi-resource-azure-native");
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
    return `azure-native stand-in: installed in ${folder}`;
}

/** Another installation may have made the folder meanwhile: then only the launcher moves. */
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
    const pulumiHome = process.argv[2];
    if (pulumiHome === undefined || process.argv.length > 3) {
        process.stderr.write("usage: node emulator/azure-native/install.js PULUMI_HOME\n");
        process.exitCode = 2;
        return;
    }
    try {
        process.stdout.write(`${install(pulumiHome)}\n`);
    } catch (error) {
        process.stderr.write(`azure-native stand-in: ${error.message}\n`);
        process.exitCode = 1;
    }
}

main();
