/*
 * Runs the essential path of the program against a subscription that the environment names, or against an emulator, and
 * compares two recordings. For options see scripts/lib/commands.mjs, for results docs/tried-where.md.
 */
import { spawn } from "child_process";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { azureLogin } from "../../components/azure/login";
import { readArguments } from "../../scripts/lib/commands.mjs";
import { endOnSignals, isEnding } from "../../scripts/lib/descendants.mjs";
import { EmulatorProcess } from "../../scripts/lib/emulatorProcess";
import { differences } from "./recording";
import { readRecording, runLive } from "./run";
import { NotDeleted } from "./trial";
import { readToolchain } from "../../scripts/lib/toolchain";

const sameSignalMilliseconds = 2000;
const { values, positionals } = readArguments("live");
const say = (text: string): void => console.log(text);

function compare(): number {
    const [one, other] = positionals.map(readRecording);
    const found = differences(one, other);
    found.forEach(say);
    say(found.length === 0 ? "The recordings are equal." : `${found.length} differences.`);
    return found.length === 0 ? 0 : 1;
}

/** Runs this process again with the environment of an emulator, which Node.js reads only at its start. */
async function onEmulator(): Promise<number> {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-live-emulator-"));
    const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
    endOnSignals(removeFolder);
    const emulator = await EmulatorProcess.start({ folder });
    try {
        const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
            stdio: "inherit",
            env: { ...emulator.environment(), IOT_X509_LIVE_EMULATED: "1", TMPDIR: folder },
        });
        return await new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
    } finally {
        await emulator.stop();
        removeFolder();
    }
}

async function run(against: "azure" | "emulator"): Promise<number> {
    const { cli, pulumiHome, description } = readToolchain();
    if (cli === null) {
        throw new Error(`the Pulumi CLI is required: ${description}`);
    }
    const subscriptionId =
        against === "azure"
            ? (process.env.IOT_X509_LIVE_SUBSCRIPTION as string)
            : (azureLogin(() => undefined).subscription?.value ?? "");
    const file = values.record ?? `live-${against}.json`;
    say(`Subscription ${subscriptionId} (${against}); everything is in a separate resource group`);
    const interrupt = new AbortController();
    const running = runLive({
        against,
        subscriptionId,
        location: process.env.IOT_X509_LIVE_LOCATION || "westeurope",
        file,
        pulumiHome: against === "azure" ? `${pulumiHome}-official` : pulumiHome,
        environment: { ...process.env, ARM_SUBSCRIPTION_ID: subscriptionId },
        say,
        signal: interrupt.signal,
    });
    endOnSignals(() => removeAndEnd(interrupt, running));
    const { exchanges } = await running;
    say(`${exchanges.length} kinds of exchange in ${file}`);
    return 0;
}

/** Cleans up after a signal once the engine has ended; a second signal ends the process at once. */
async function removeAndEnd(interrupt: AbortController, running: Promise<unknown>): Promise<void> {
    say(
        "Interrupted: what was made is being deleted, which takes Azure some minutes. Once more ends at once and leaves it " +
            "there, at its cost.",
    );
    const since = Date.now();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
        // npm forwards a signal that the terminal has already sent.
        process.on(signal, () => Date.now() - since > sameSignalMilliseconds && process.exit(130));
    }
    interrupt.abort();
    await running.catch((error: Error) =>
        error instanceof NotDeleted ? process.stderr.write(`live: ${error.message}\n`) : undefined,
    );
}

async function main(): Promise<number> {
    if (values.compare) {
        return compare();
    }
    if (!values.emulator) {
        return run("azure");
    }
    return process.env.IOT_X509_LIVE_EMULATED ? run("emulator") : onEmulator();
}

main().then(
    (status) => (process.exitCode = status),
    (error: Error) => {
        if (!isEnding()) {
            process.stderr.write(`live: ${error.message}\n`);
            process.exit(1);
        }
    },
);
