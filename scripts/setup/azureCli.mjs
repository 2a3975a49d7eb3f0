/*
 * Finds or installs the Azure CLI. A virtual environment cannot be moved (its scripts name its interpreter), so it is made
 * in its final place, and a mark that is written last tells a complete one.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../lib/command.mjs";
import { isExecutable, local, pathFolders, root, say, writeFile } from "../lib/workspace.mjs";

/**
 * Every package with the sums of all files of its version, for Python 3.10 and later on any machine. Made by
 * `uv pip compile --universal --python-version 3.10 --generate-hashes --no-header --no-annotate` of `azure-cli==VERSION`.
 */
const requirements = path.join(root, "scripts", "setup", "azure-cli.txt");
const pins = fs.readFileSync(requirements, "utf8");
const version = /^azure-cli==(\S+)/m.exec(pins)[1];
/** What a complete environment was made of. */
const content = createHash("sha256").update(pins).digest("hex");
const unreachable = 3;
const environment = path.join(local, "azure-cli-venv");
const mark = path.join(environment, "complete");
const installed = path.join(environment, "bin", "az");

function found() {
    const onPath = pathFolders()
        .map((folder) => path.join(folder, "az"))
        .find(isExecutable);
    const complete = fs.existsSync(mark) && fs.readFileSync(mark, "utf8") === content;
    return onPath ?? (complete ? installed : undefined);
}

/** @returns undefined when it is installed and runs, or else the problem */
async function install() {
    fs.rmSync(environment, { recursive: true, force: true, maxRetries: 5 });
    const pip = path.join(environment, "bin", "pip");
    const steps = [
        ["python3", ["-m", "venv", environment], 120],
        [
            pip,
            [
                ...["install", "--no-compile", "--retries", "1", "--timeout", "30"],
                // What is not in the list is not installed, nor built by packages that nothing pins.
                ...["--require-hashes", "--no-deps", "--only-binary", ":all:"],
                ...["-r", requirements],
            ],
            900,
        ],
        [installed, ["version"], 120],
    ];
    for (const [command, args, timeoutSeconds] of steps) {
        const { problem } = await run(command, args, {
            timeoutSeconds,
            progress: `azure-cli: ${path.basename(command)} ${args.slice(0, 2).join(" ")}`,
        });
        if (problem !== undefined) {
            return problem;
        }
    }
    writeFile(mark, content);
    return undefined;
}

async function main() {
    const problem = found() === undefined ? await install() : undefined;
    if (problem === undefined) {
        process.stdout.write(`${found()}\n`);
        return 0;
    }
    fs.rmSync(environment, { recursive: true, force: true, maxRetries: 5 });
    say(
        `azure-cli: no Azure CLI on PATH, and azure-cli ${version} cannot be installed: ${problem}`,
    );
    return /NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError/.test(problem)
        ? unreachable
        : 1;
}

main().then((status) => process.exit(status));
