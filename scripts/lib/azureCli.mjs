/*
 * Finds or installs the Azure CLI. A virtual environment cannot be moved (its scripts name its interpreter), so it is made
 * in its final place, and a mark that is written last tells a complete one.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./command.mjs";
import { isExecutable, local, pathFolders, say, writeFile } from "./workspace.mjs";

const version = "2.91.0";
const unreachable = 3;
const environment = path.join(local, "azure-cli-venv");
const mark = path.join(environment, "complete");
const installed = path.join(environment, "bin", "az");

function found() {
    const onPath = pathFolders()
        .map((folder) => path.join(folder, "az"))
        .find(isExecutable);
    const complete = fs.existsSync(mark) && fs.readFileSync(mark, "utf8") === version;
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
                "install",
                "--no-compile",
                "--retries",
                "1",
                "--timeout",
                "30",
                `azure-cli==${version}`,
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
    writeFile(mark, version);
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
