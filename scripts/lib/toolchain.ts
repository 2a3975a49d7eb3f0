import { execFileSync } from "child_process";
import { readFileSync, realpathSync } from "fs";
import * as path from "path";

/** Folder of the repository. */
export const repository = path.resolve(__dirname, "../..");

/** The engine that the set-up found. */
export interface Engine {
    /** Path of the `pulumi` to run. */
    readonly cli: string;
    readonly version: string;
    /** Where it comes from, e.g. `PATH`. */
    readonly source: string;
    /** Whose Node.js language host runs: that of the CLI's distribution, or this project's. */
    readonly host: "official" | "own";
    readonly plugins: readonly Plugin[];
    /** Which engine, host and plugins run, in one line. */
    readonly description: string;
    /** To be PULUMI_HOME: it holds the plugins. */
    readonly pulumiHome: string;
}

export interface Plugin {
    readonly name: string;
    readonly version: string;
    readonly kind: "official" | "stand-in";
}

/** No CLI could be had. */
export interface NoEngine {
    readonly cli: null;
    readonly description: string;
    readonly pulumiHome: string;
}

/**
 * Reads `.local/toolchain.json`.
 *
 * @throws Error when the set-up has not been run
 */
export function readToolchain(): Engine | NoEngine {
    const file = path.join(repository, ".local/toolchain.json");
    try {
        return JSON.parse(readFileSync(file, "utf8")) as Engine | NoEngine;
    } catch (error) {
        throw new Error(`run \`npm run setup\` first: ${(error as Error).message}`);
    }
}

/**
 * Which engine, host and plugins a run uses, in one line.
 *
 * @param cli path of the `pulumi` that runs; it need not be the one that the set-up found
 * @param environment its variables
 */
export function engineLine(cli: string, environment: NodeJS.ProcessEnv = process.env): string {
    const known = readToolchain();
    const home = environment.PULUMI_HOME || "~/.pulumi";
    const plugins = `plugins of ${home}`;
    if (known.cli === null || realpathSync(cli) !== realpathSync(known.cli)) {
        const version = execFileSync(cli, ["version"], { encoding: "utf8", env: environment });
        return `Engine: Pulumi ${version.trim().replace(/^v/, "")} (${cli}); ${plugins}`;
    }
    if (home !== known.pulumiHome) {
        const host = known.host === "own" ? "this project's" : "the official";
        return `Engine: Pulumi ${known.version} (${known.source}); ${host} Node.js host; ${plugins}`;
    }
    return `Engine: ${known.description}`;
}
