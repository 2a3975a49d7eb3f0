/*
 * Virtual environments with packages from PyPI, pinned by checksum. An environment cannot be moved (its scripts name its
 * interpreter), so it is made in its final place, and a mark that is written last tells a complete one.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../lib/command.mjs";
import { local, removeFolder, root, say, writeFile } from "../lib/workspace.mjs";

/** The one excuse for not having a tool, in CI, too: there is no Python, or PyPI cannot be reached. */
const cannotBeHadHere = 3;

/**
 * @param name of the folder below .local
 * @param wheels a list, in scripts/setup, of every package with the sums of all files of its version, for Python 3.10 and
 * later on any machine. Made by `uv pip compile --universal --python-version 3.10 --generate-hashes --no-header
 * --no-annotate` of the pinned packages
 * @param sources a list of the packages that come as source alone; built by what the first list installs
 */
export class PythonEnvironment {
    #folder;
    #lists;
    #pins;
    #name;

    constructor(name, wheels, sources) {
        const list = (file) => path.join(root, "scripts", "setup", file);
        this.#name = name;
        this.#folder = path.join(local, `${name}-venv`);
        this.#lists = [
            // What is not in the list is not installed, nor built by packages that nothing pins.
            { file: list(wheels), options: ["--only-binary", ":all:"] },
            ...(sources ? [{ file: list(sources), options: ["--no-build-isolation"] }] : []),
        ];
        this.#pins = this.#lists.map(({ file }) => fs.readFileSync(file, "utf8")).join("");
    }

    get #mark() {
        return path.join(this.#folder, "complete");
    }

    /** What a complete environment was made of. */
    get #content() {
        return createHash("sha256").update(this.#pins).digest("hex");
    }

    /** @returns the pinned version of a package */
    version(name) {
        return this.#pins
            .split("\n")
            .find((line) => line.startsWith(`${name}==`))
            .split(/==|\s/)[1];
    }

    /** @returns the path of a program of the environment if that is complete, or else undefined */
    find(program) {
        const isComplete =
            fs.existsSync(this.#mark) && fs.readFileSync(this.#mark, "utf8") === this.#content;
        return isComplete ? path.join(this.#folder, "bin", program) : undefined;
    }

    /**
     * Installs the environment, unless it is complete.
     *
     * @param trial program of the environment and its arguments, which end with status 0 where it works
     * @param missing what to say before the reason
     * @returns status of the script: 0; 3: no Python, or PyPI cannot be reached; 1: any other problem
     */
    async install([program, ...args], missing) {
        if (this.find(program) !== undefined) {
            return 0;
        }
        removeFolder(this.#folder);
        const pip = path.join(this.#folder, "bin", "pip");
        const install = ["install", "--no-compile", "--retries", "1", "--timeout", "30"];
        const steps = [
            ["python3", ["-m", "venv", this.#folder], 120],
            ...this.#lists.map(({ file, options }) => [
                pip,
                [...install, "--require-hashes", "--no-deps", ...options, "-r", file],
                900,
            ]),
            [path.join(this.#folder, "bin", program), args, 120],
        ];
        for (const [command, words, timeoutSeconds] of steps) {
            const { problem } = await run(command, words, {
                timeoutSeconds,
                progress: `${this.#name}: ${path.basename(command)} ${words.slice(0, 2).join(" ")}`,
            });
            if (problem !== undefined) {
                removeFolder(this.#folder);
                say(`${this.#name}: ${missing}: ${problem}`);
                const excused =
                    /python3: spawn .*ENOENT|NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError/;
                return excused.test(problem) ? cannotBeHadHere : 1;
            }
        }
        writeFile(this.#mark, this.#content);
        return 0;
    }
}
