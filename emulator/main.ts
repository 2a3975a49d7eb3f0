import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { parseArgs } from "util";
import { options, problems, usage } from "./commandLine.mjs";
import { stderrLog } from "./core/log";
import { Emulator } from "./emulator";
import { removeEnvironment, writeEnvironment } from "./environment";
import { loadSnapshot, saveSnapshot } from "./snapshot";

/** How often to check whether the npm that started this process is still running. */
const parentMilliseconds = 500;

interface Flags {
    readonly host: string;
    readonly port: number;
    readonly mqttPort: number;
    readonly managementPort: number;
    readonly stateFile: string | undefined;
    readonly envFile: string | undefined;
}

/** Ends the process when help is requested, or with status 2 when a flag is wrong. */
function readFlags(): Flags {
    let values;
    try {
        const read = parseArgs({ options, allowPositionals: true });
        values = read.values;
        const [problem] = values.help ? [] : problems(read.positionals, values);
        if (problem !== undefined) {
            throw new Error(problem);
        }
    } catch (error) {
        process.stderr.write(`emulator: ${(error as Error).message}\n\n${usage}`);
        process.exit(2);
    }
    if (values.help) {
        process.stdout.write(usage);
        process.exit(0);
    }
    return {
        host: values.host,
        port: Number(values.port),
        mqttPort: Number(values["mqtt-port"]),
        managementPort: Number(values["management-port"]),
        stateFile: values["state-file"],
        envFile: values["env-file"],
    };
}

async function main(): Promise<void> {
    const flags = readFlags();
    const log = stderrLog();
    const signal = firstSignal();
    const snapshot =
        flags.stateFile === undefined ? undefined : await loadSnapshot(flags.stateFile);
    const emulator = await Emulator.start({ ...flags, snapshot, log });
    const envFile = path.resolve(flags.envFile ?? path.join(ownFolder(), "environment"));
    const reachable = flags.host === "0.0.0.0" || flags.host === "::" ? "127.0.0.1" : flags.host;
    const files = await writeEnvironment(emulator, reachable, envFile);

    log.warn("This is a local emulator of Azure for development and tests. Not for production.");
    if (!["127.0.0.1", "::1", "localhost"].includes(flags.host)) {
        log.warn(`Listening on ${flags.host}: whoever reaches this address can use the emulator.`);
    }
    process.stdout.write(
        JSON.stringify({
            proxy: `http://${reachable}:${emulator.ports.https}`,
            mqttPort: emulator.ports.mqtt,
            management: `http://127.0.0.1:${emulator.ports.management}`,
            ...files,
        }) + "\n",
    );
    await signal;
    if (flags.stateFile !== undefined) {
        await saveSnapshot(flags.stateFile, emulator.snapshot());
    }
    await removeEnvironment(files);
    await emulator.stop();
    process.exit(0);
}

/** A new folder, which goes with this process. */
function ownFolder(): string {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-emulator-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    return folder;
}

/**
 * Resolves with the first signal from now on. A start that a signal just ended would leave its files, one of which contains
 * a secret.
 */
function firstSignal(): Promise<void> {
    return new Promise((resolve) => {
        for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
            process.on(signal, () => resolve());
        }
        watchParent(resolve);
    });
}

/** npm does not forward SIGHUP, and cannot forward SIGKILL; `npm run emulator` names its process in this variable. */
function watchParent(whenGone: () => void): void {
    const parent = Number(process.env.IOT_X509_PARENT ?? 0);
    if (parent > 0) {
        const check = (): void => (process.ppid === parent ? undefined : whenGone());
        setInterval(check, parentMilliseconds).unref();
    }
}

function fail(error: Error & { code?: string; port?: number }): void {
    const text =
        error.code === "EADDRINUSE"
            ? `port ${error.port} is in use: choose another one with --port, --mqtt-port or --management-port (0: a free one)`
            : error.message;
    process.stderr.write(`emulator: ${text}\n`);
    process.exit(1);
}

main().catch(fail);
