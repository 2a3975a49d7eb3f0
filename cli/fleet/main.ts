/*
 * Handles the stack of a hub and the fleet stacks that hold its devices as one: see `npm run fleet -- --help`.
 *
 * Ctrl-C or SIGTERM ends a run in an orderly way; the same command continues where it stopped. After a crash the backend may
 * hold locks; the error names the command that frees them.
 */
import { readFileSync } from "fs";
import { createInterface } from "readline/promises";
import { ConfigurationError } from "../../stacks/config";
import { CommandLine, readCommandLine, UsageError } from "./commandLine";
import { writeDeviceFiles } from "./deviceFiles";
import { Fleet } from "./fleet";
import { CliError } from "./pulumiCli";
import { outcomeLines } from "./report";
import { changeSecretsProviders } from "./secretsProviders";
import { Verb } from "./stackRun";
import { selectedStack, StackFileError } from "../stackFiles/planConfig";
import { engineLine } from "../../scripts/lib/toolchain";

/** npm forwards Ctrl-C, so the signal may arrive twice; only a later one counts as a second Ctrl-C. */
const repeatedMilliseconds = 1000;
/** Exit status of a process that SIGINT ended. */
const interruptedStatus = 130;

const say = (line: string): void => console.log(line);

async function confirmDestruction(platform: string): Promise<void> {
    if (!process.stdin.isTTY) {
        throw new UsageError("destroy deletes the hub and all its devices — confirm with --yes");
    }
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    const refused = new AbortController();
    terminal.on("SIGINT", () => refused.abort());
    const question = `This deletes the hub of ${platform} and all its devices. Type the stack's name to continue: `;
    const answer = await terminal.question(question, { signal: refused.signal }).catch(() => "");
    terminal.close();
    if (answer.trim() !== platform) {
        throw new UsageError("nothing was deleted");
    }
}

/** The CLIs run in their own process groups, so each gets every signal exactly once, from here. */
function stopOnSignals(fleet: Fleet): void {
    let stoppedAt: number | undefined;
    let times = 0;
    const stop = (): void => {
        const now = Date.now();
        if (stoppedAt !== undefined && now - stoppedAt <= repeatedMilliseconds) {
            return;
        }
        stoppedAt = now;
        times++;
        if (times > 2) {
            fleet.kill();
            return;
        }
        say(
            times === 1
                ? "stopping after the operations under way (Ctrl-C again: immediately)"
                : "ending immediately",
        );
        fleet.stop();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, stop);
    }
}

async function run(verb: Verb, fleet: Fleet): Promise<number> {
    const began = Date.now();
    say(engineLine(fleet.cli.file));
    const outcome = await fleet[verb]();
    say(outcomeLines(verb, outcome, (Date.now() - began) / 1000).join("\n"));
    const results = outcome.stacks.map(({ result }) => result);
    if (results.includes("stopped") || (fleet.isStopped && results.includes("not started"))) {
        return interruptedStatus;
    }
    return results.every((result) => result === "done") ? 0 : 1;
}

async function runCommand(line: CommandLine, fleet: Fleet): Promise<number> {
    const { command, out, onlyChanged, provider, newPassphraseFile } = line;
    if (command === "destroy" && !line.isSure) {
        await confirmDestruction(fleet.platform);
    }
    stopOnSignals(fleet);
    if (command === "certificates") {
        return writeDeviceFiles(fleet, { folder: out, onlyChanged, say });
    }
    if (command === "change-secrets-provider") {
        const passphrase =
            newPassphraseFile === undefined
                ? undefined
                : readFileSync(newPassphraseFile, "utf8").trim();
        await changeSecretsProviders(fleet, provider, passphrase, say);
        return fleet.isStopped ? interruptedStatus : 0;
    }
    return run(command, fleet);
}

async function main(): Promise<number> {
    const line = readCommandLine(process.argv.slice(2));
    if (typeof line === "string") {
        say(line);
        return 0;
    }
    const stack = line.stack ?? selectedStack(process.cwd(), process.env);
    if (stack === undefined) {
        throw new UsageError("no stack is selected — name the hub's stack with --stack");
    }
    const { sharding, refresh, atOnce } = line;
    const fleet = await Fleet.open({
        folder: process.cwd(),
        stack,
        sharding,
        refresh,
        atOnce,
        say,
    });
    try {
        return await runCommand(line, fleet);
    } finally {
        fleet.close();
    }
}

main().then(
    (status) => process.exit(status),
    (error: Error) => {
        const isUsers =
            error instanceof UsageError ||
            error instanceof ConfigurationError ||
            error instanceof StackFileError ||
            error instanceof CliError;
        console.error(isUsers ? `error: ${error.message}` : error);
        process.exit(1);
    },
);
