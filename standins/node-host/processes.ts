import { ChildProcess, spawn, SpawnOptions } from "child_process";
import { existsSync } from "fs";

/** How a process ended. */
export interface Ending {
    /** Exit code; null when a signal ended the process. */
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    /** Whether it was told to stop before it ended by itself. */
    readonly stopped: boolean;
}

/** How long a process may take to stop by itself, in milliseconds. The engine waits 5 seconds. */
const stopGrace = 2_000;

/** How long output may still arrive after the end from processes left behind, in milliseconds. */
const drainGrace = 500;

const running = new Set<Promise<unknown>>();

/** Resolves when all processes started here have ended. */
export async function allEnded(): Promise<void> {
    await Promise.allSettled([...running]);
}

/**
 * Runs a process to its end. It stays in the host's process group, so that signals from the engine to the group also
 * reach it.
 *
 * @param stop ends the process: SIGTERM, then SIGKILL
 * @param onStart receives the process, to read its output
 * @throws Error when the process cannot be started
 */
export function run(
    command: string,
    args: readonly string[],
    options: SpawnOptions,
    stop: AbortSignal,
    onStart: (child: ChildProcess) => void = () => undefined,
): Promise<Ending> {
    const ended = start(command, args, options, stop, onStart);
    running.add(ended);
    const forget = (): void => void running.delete(ended);
    ended.then(forget, forget);
    return ended;
}

async function start(
    command: string,
    args: readonly string[],
    options: SpawnOptions,
    stop: AbortSignal,
    onStart: (child: ChildProcess) => void,
): Promise<Ending> {
    if (stop.aborted) {
        return { code: null, signal: "SIGTERM", stopped: true };
    }
    if (options.cwd !== undefined && !existsSync(options.cwd)) {
        throw new Error(`the folder ${String(options.cwd)} does not exist`);
    }
    const child = spawn(command, args, options);
    let killTimer: NodeJS.Timeout | undefined;
    const end = (): void => {
        child.kill("SIGTERM");
        killTimer = setTimeout(() => child.kill("SIGKILL"), stopGrace);
    };
    stop.addEventListener("abort", end, { once: true });
    try {
        onStart(child);
        const [code, signal] = await exit(child);
        return { code, signal, stopped: stop.aborted };
    } finally {
        stop.removeEventListener("abort", end);
        clearTimeout(killTimer);
    }
}

function exit(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
    return new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", (code, signal) => {
            const finish = (): void => {
                clearTimeout(drainTimer);
                resolve([code, signal]);
            };
            const drainTimer = setTimeout(finish, drainGrace);
            child.once("close", finish);
        });
    });
}

/** Describes an unsuccessful end to the user. */
export function describe({ code, signal }: Ending): string {
    return signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
}
