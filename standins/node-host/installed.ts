import * as fs from "fs";
import * as path from "path";

/** The parts of a package.json that are used here. */
export interface Manifest {
    readonly name?: string;
    readonly version?: string;
    readonly dependencies?: Record<string, string>;
    readonly devDependencies?: Record<string, string>;
    readonly workspaces?: unknown;
    readonly packageManager?: string;
    readonly pulumi?: PluginManifest;
}

/** What a package declares about its plug-in. */
export interface PluginManifest {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
    readonly parameterization?: Parameterization;
    readonly extensionParameterization?: Parameterization;
}

export interface Parameterization {
    readonly name: string;
    readonly version: string;
    /** Base64. */
    readonly value: string;
}

/**
 * The package.json in a folder; undefined when there is none that can be read.
 *
 * @param mentioning a word that the text must have, which spares parsing hundreds of others; default: none
 */
export function readManifest(folder: string, mentioning = ""): Manifest | undefined {
    try {
        const text = fs.readFileSync(path.join(folder, "package.json"), "utf8");
        return text.includes(mentioning) ? (JSON.parse(text) as Manifest) : undefined;
    } catch {
        return undefined;
    }
}

/** The folder with the program's package.json: the program's own or the nearest parent. */
export function packageFolder(program: string): string {
    return ancestors(program).find((folder) => has(folder, "package.json")) ?? program;
}

/**
 * All packages installed for a program, including nested ones and multiple versions: from its node_modules and, in a
 * workspace, from the node_modules of the workspace's root.
 *
 * @param mentioning only those whose package.json has this word; default: all
 */
export function* installedPackages(program: string, mentioning = ""): Generator<Manifest> {
    const home = packageFolder(program);
    const root = workspaceRoot(home);
    const above = ancestors(home);
    const folders = root === undefined ? [home] : above.slice(0, above.indexOf(root) + 1);
    const seen = new Set<string>();
    for (const folder of folders) {
        const modules = realPath(path.join(folder, "node_modules"));
        if (modules !== undefined) {
            yield* packagesBelow(modules, mentioning, seen);
        }
    }
}

/** The root of the npm, yarn or pnpm workspace that a package may be a member of. */
function workspaceRoot(home: string): string | undefined {
    return ancestors(path.dirname(home)).find(
        (folder) =>
            has(folder, "pnpm-workspace.yaml") || readManifest(folder)?.workspaces !== undefined,
    );
}

function* packagesBelow(
    modules: string,
    mentioning: string,
    seen: Set<string>,
): Generator<Manifest> {
    for (const entry of entriesIn(modules)) {
        const { name } = entry;
        if (name === ".pnpm") {
            // pnpm keeps every package in its own folder, beside its dependencies.
            for (const kept of entriesIn(path.join(modules, name))) {
                const below = path.join(modules, name, kept.name, "node_modules");
                yield* packagesBelow(below, mentioning, seen);
            }
        } else if (name.startsWith("@")) {
            for (const scoped of entriesIn(path.join(modules, name))) {
                yield* packageAt(path.join(modules, name), scoped, mentioning, seen);
            }
        } else if (!name.startsWith(".")) {
            yield* packageAt(modules, entry, mentioning, seen);
        }
    }
}

function* packageAt(
    parent: string,
    entry: fs.Dirent,
    mentioning: string,
    seen: Set<string>,
): Generator<Manifest> {
    const folder = path.join(parent, entry.name);
    const real = entry.isSymbolicLink() ? realPath(folder) : folder;
    if (real === undefined || seen.has(real)) {
        return;
    }
    seen.add(real);
    const manifest = readManifest(real, mentioning);
    if (manifest !== undefined) {
        yield manifest;
    }
    yield* packagesBelow(path.join(real, "node_modules"), mentioning, seen);
}

/** The folder itself, then each of its parents. */
function ancestors(folder: string): string[] {
    const above = path.dirname(folder);
    return above === folder ? [folder] : [folder, ...ancestors(above)];
}

function has(folder: string, file: string): boolean {
    return fs.existsSync(path.join(folder, file));
}

function entriesIn(folder: string): fs.Dirent[] {
    try {
        const entries = fs.readdirSync(folder, { withFileTypes: true });
        return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    } catch {
        return [];
    }
}

function realPath(folder: string): string | undefined {
    try {
        return fs.realpathSync(folder);
    } catch {
        return undefined;
    }
}
