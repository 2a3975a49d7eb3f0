/* Where things are in this folder, and how files come to be there whole or not at all. */
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** Everything that is installed or remembered on this machine; ignored by git. */
export const local = path.join(root, ".local");
/** PULUMI_HOME of every run that a script of this project starts. */
export const pulumiHome = path.join(local, "pulumi-home");

/** The same with official plugins alone: `--official`. */
export const officialHome = `${pulumiHome}-official`;

/** The version of @pulumi/pulumi that package.json pins; an older CLI may not understand it. */
export const pinnedVersion = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"))
    .dependencies["@pulumi/pulumi"];

/** The environment of every CLI call: not the user's home, no look for updates. */
export function pulumiEnvironment(home = pulumiHome) {
    return { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" };
}

const temporaryPrefix = "tmp-";
const temporaryFolders = new Set();

/** A new folder that ends with this process; by default beside the final ones, so that a rename completes an installation. */
export function temporaryFolder(parent = local) {
    fs.mkdirSync(parent, { recursive: true });
    const folder = fs.mkdtempSync(path.join(parent, temporaryPrefix));
    temporaryFolders.add(folder);
    return folder;
}

export function removeFolder(folder) {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    temporaryFolders.delete(folder);
}

/** Removes what a killed run left behind. Only under the lock: no other run may be unpacking. */
export function removeStaleFolders(parent = local) {
    for (const name of fs.existsSync(parent) ? fs.readdirSync(parent) : []) {
        if (name.startsWith(temporaryPrefix)) {
            removeFolder(path.join(parent, name));
        }
    }
}

process.on("exit", () => {
    for (const folder of temporaryFolders) {
        removeFolder(folder);
    }
});

/** Puts a complete folder in its final place, instead of what was there. */
export function installFolder(from, to) {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.rmSync(to, { recursive: true, force: true });
    fs.renameSync(from, to);
}

/** Writes a file by rename, and only when its text changes. */
export function writeFile(file, text) {
    if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === text) {
        return;
    }
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(`${file}.new`, text);
    fs.renameSync(`${file}.new`, file);
}

/** @returns the parsed file, or undefined when it is not there or not JSON */
export function readJson(file) {
    try {
        return JSON.parse(fs.readFileSync(file, "utf8"));
    } catch {
        return undefined;
    }
}

export function isExecutable(file) {
    try {
        fs.accessSync(file, fs.constants.X_OK);
        const stat = fs.statSync(file);
        return stat.isFile() && stat.size > 0;
    } catch {
        return false;
    }
}

/** The folders of PATH, without those that hold what npm or this project put there itself. */
export function pathFolders() {
    return (process.env.PATH ?? "")
        .split(path.delimiter)
        .filter((folder) => path.isAbsolute(folder))
        .filter((folder) => !folder.endsWith(path.join("node_modules", ".bin")))
        .filter((folder) => !folder.startsWith(local + path.sep));
}

/** Progress and problems go to standard error: standard output belongs to what runs after the set-up. */
export function say(text) {
    process.stderr.write(`${text}\n`);
}
