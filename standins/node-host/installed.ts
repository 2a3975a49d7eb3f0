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

/** The package.json in a folder; undefined when there is none that can be read. */
export function readManifest(folder: string): Manifest | undefined {
    try {
        return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;
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
 */
export function* installedPackages(program: string): Generator<Manifest> {
    const home = packageFolder(program);
    const root = workspaceRoot(home);
    const above = ancestors(home);
    const folders = root === undefined ? [home] : above.slice(0, above.indexOf(root) + 1);
    const seen = new Set<string>();
    for (const folder of folders) {
        yield* packagesBelow(path.join(folder, "node_modules"), seen);
    }
}

/** The root of the npm, yarn or pnpm workspace that a package may be a member of. */
function workspaceRoot(home: string): string | undefined {
    return ancestors(path.dirname(home)).find(
        (folder) =>
            has(folder, "pnpm-workspace.yaml") || readManifest(folder)?.workspaces !== undefined,
    );
}

function* packagesBelow(modules: string, seen: Set<string>): Generator<Manifest> {
    for (const name of namesIn(modules)) {
        if (name === ".pnpm") {
            // pnpm keeps every package in its own folder, beside its dependencies.
            for (const kept of namesIn(path.join(modules, name))) {
                yield* packagesBelow(path.join(modules, name, kept, "node_modules"), seen);
            }
        } else if (name.startsWith("@")) {
            for (const scoped of namesIn(path.join(modules, name))) {
                yield* packageAt(path.join(modules, name, scoped), seen);
            }
        } else if (!name.startsWith(".")) {
            yield* packageAt(path.join(modules, name), seen);
        }
    }
}

function* packageAt(folder: string, seen: Set<string>): Generator<Manifest> {
    const real = realPath(folder);
    if (real === undefined || seen.has(real)) {
        return;
    }
    seen.add(real);
    const manifest = readManifest(real);
    if (manifest !== undefined) {
        yield manifest;
        yield* packagesBelow(path.join(real, "node_modules"), seen);
    }
}

/** The folder itself, then each of its parents. */
function ancestors(folder: string): string[] {
    const above = path.dirname(folder);
    return above === folder ? [folder] : [folder, ...ancestors(above)];
}

function has(folder: string, file: string): boolean {
    return fs.existsSync(path.join(folder, file));
}

function namesIn(folder: string): string[] {
    try {
        return fs.readdirSync(folder).sort();
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
