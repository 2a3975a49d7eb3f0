/*
 * The stack of a hub and the fleet stacks that hold its devices, as one:
 *
 *   npm run fleet -- up|preview|destroy [--stack STACK] [--shards N|group] [--refresh] [--at-once N] [--yes]
 *
 *   --stack    the stack of the hub; default: the selected one
 *   --shards   how many fleet stacks hold the devices, or a stack for each group; default: what the settings say. `up`
 *              writes it there, and moves devices that are elsewhere
 *   --refresh  compares the states with Azure first
 *   --at-once  fleet stacks that are deployed at the same time; default: one for each processor
 *   --yes      destroys without asking
 *
 * Ctrl-C ends it in order; the same command goes on where it ended. After a crash the backend may hold locks, and the
 * error names the command that frees them.
 */
import { createInterface } from "readline/promises";
import { parseArgs } from "util";
import { ConfigurationError } from "../stacks/config";
import { Sharding } from "../stacks/settings";
import { Fleet, FleetOutcome } from "./lib/fleet/fleet";
import { outcomeLines } from "./lib/fleet/report";
import { CliError } from "./lib/fleet/pulumiCli";
import { Verb } from "./lib/fleet/stackRun";
import { lastPart, organizationOf, selectedStack, StackFileError } from "./lib/planConfig";

/** npm passes Ctrl-C on, so it may come twice; only a later one is meant as a second one. */
const repeatedMilliseconds = 1000;

class UsageError extends Error {}

function readArguments() {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: {
            stack: { type: "string" },
            shards: { type: "string" },
            refresh: { type: "boolean", default: false },
            "at-once": { type: "string" },
            yes: { type: "boolean", default: false },
        },
    });
    const verbs: readonly Verb[] = ["up", "preview", "destroy"];
    const verb = verbs.find((one) => one === positionals[0]);
    if (verb === undefined || positionals.length > 1) {
        throw new UsageError(
            `"${positionals.join(" ")}" is not one of ${verbs.join(", ")} — npm run fleet -- up --shards 4`,
        );
    }
    const platform = values.stack ?? selectedStack(process.cwd(), process.env);
    if (platform === undefined) {
        throw new UsageError("no stack is selected — name the stack of the hub with --stack");
    }
    return {
        verb,
        platform: lastPart(platform),
        organization: organizationOf(platform),
        sharding: readSharding(values.shards),
        refresh: values.refresh,
        atOnce: readCount("--at-once", values["at-once"], 100),
        isSure: values.yes,
    };
}

function readSharding(given: string | undefined): Sharding | undefined {
    if (given === "group") {
        return { by: "group" };
    }
    const count = readCount("--shards", given, 1000, ' or "group"');
    return count === undefined ? undefined : { by: "hash", count };
}

function readCount(
    flag: string,
    given: string | undefined,
    most: number,
    else_ = "",
): number | undefined {
    if (given === undefined) {
        return undefined;
    }
    const count = Number(given);
    if (!/^\d+$/.test(given) || count < 1 || count > most) {
        throw new UsageError(`${flag} is "${given}" — it is a number from 1 to ${most}${else_}`);
    }
    return count;
}

async function confirmDestruction(platform: string): Promise<void> {
    if (!process.stdin.isTTY) {
        throw new UsageError("destroy deletes the hub and all its devices — say --yes");
    }
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await terminal.question(
        `This deletes the hub of ${platform} and all its devices. Type the stack's name to go on: `,
    );
    terminal.close();
    if (answer.trim() !== platform) {
        throw new UsageError("nothing was deleted");
    }
}

/** Ctrl-C in a terminal reaches the CLIs as well; a signal that was sent to this process alone does not. */
function stopOnSignals(fleet: Fleet, say: (line: string) => void): void {
    let stoppedAt: number | undefined;
    const stop = (): void => {
        const now = Date.now();
        if (stoppedAt === undefined) {
            stoppedAt = now;
            say("stopping: what is under way ends first (once more: at once)");
            fleet.stop(!process.stdin.isTTY);
        } else if (now - stoppedAt > repeatedMilliseconds) {
            process.exit(130);
        }
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
}

async function main(): Promise<number> {
    const { verb, isSure, ...options } = readArguments();
    if (verb === "destroy" && !isSure) {
        await confirmDestruction(options.platform);
    }
    const began = Date.now();
    const say = (line: string): void => console.log(line);
    const fleet = await Fleet.open({ ...options, folder: process.cwd(), say });
    stopOnSignals(fleet, say);
    let outcome: FleetOutcome;
    try {
        outcome = await fleet[verb]();
    } finally {
        fleet.close();
    }
    console.log(outcomeLines(verb, outcome, (Date.now() - began) / 1000).join("\n"));
    const results = outcome.stacks.map(({ result }) => result);
    return results.includes("stopped") ? 130 : results.every((result) => result === "done") ? 0 : 1;
}

main().then(
    (status) => process.exit(status),
    (error: Error & { code?: string }) => {
        const isUsers =
            error instanceof UsageError ||
            error instanceof ConfigurationError ||
            error instanceof StackFileError ||
            error instanceof CliError ||
            error.code?.startsWith("ERR_PARSE_ARGS");
        console.error(isUsers ? `error: ${error.message}` : error);
        process.exit(1);
    },
);
