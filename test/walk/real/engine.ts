import { ChildProcess, spawn } from "child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";

/** One step of the engine, e.g. `update urn:pulumi:walk::iot-x509::…::d1`. */
export interface EngineStep {
    readonly op: string;
    readonly urn: string;
    readonly type: string;
}

export interface EngineResult {
    readonly status: number | null;
    /** What it printed, both streams. */
    readonly text: string;
    /** Steps that were announced (a preview) or begun (a run), without what stays as it is. */
    readonly steps: readonly EngineStep[];
    /** Seconds. */
    readonly took: number;
}

interface EngineEvent {
    readonly resourcePreEvent?: {
        readonly metadata?: { readonly op: string; readonly urn: string; readonly type: string };
    };
}

/** How long a run may take before it counts as hanging. */
const longestRun = 300_000;
/** How long processes may outlive the engine that started them. */
const longestOrphan = 20_000;
const unchanged = ["same", "read", "read-discard", "refresh", "refresh-diff"];

/** The Pulumi CLI in one project. */
export class Engine {
    constructor(
        private readonly cli: string,
        readonly folder: string,
        readonly variables: Record<string, string>,
    ) {}

    start(...args: string[]): EngineRun {
        return new EngineRun(this.cli, args, this.folder, this.variables);
    }

    /** A command that reports its steps: preview, up, refresh, destroy. */
    run(...args: string[]): Promise<EngineResult> {
        return this.start(...args).ended;
    }

    /**
     * What a command prints on standard output.
     *
     * @throws Error with all that was printed, when it fails
     */
    async read(...args: string[]): Promise<string> {
        const run = new EngineRun(this.cli, args, this.folder, this.variables, false);
        const { status, text } = await run.ended;
        if (status !== 0) {
            throw new Error(`pulumi ${args.join(" ")} ended with ${status}:\n${text}`);
        }
        return run.output;
    }

    /** Waits for what a killed engine started; ends what does not end by itself, and names it. */
    async orphans(): Promise<string[]> {
        const end = Date.now() + longestOrphan;
        while (processesIn(this.folder).length > 0 && Date.now() < end) {
            await sleep(100);
        }
        const left = processesIn(this.folder);
        for (const { pid } of left) {
            try {
                process.kill(pid, "SIGKILL");
            } catch {
                // It has ended since.
            }
        }
        return left.map(({ command }) => command);
    }
}

export class EngineRun {
    /** Standard output so far. */
    output = "";
    private text = "";
    private readonly began = Date.now();
    private readonly child: ChildProcess;
    readonly ended: Promise<EngineResult>;

    constructor(
        cli: string,
        args: readonly string[],
        folder: string,
        variables: Record<string, string>,
        hasEvents = true,
    ) {
        const logs = mkdtempSync(path.join(tmpdir(), "iot-x509-walk-log-"));
        const log = path.join(logs, "events");
        const events = hasEvents ? ["--event-log", log, "--color", "never"] : [];
        this.child = spawn(cli, [...args, ...events, "--non-interactive"], {
            cwd: folder,
            env: { ...variables, PULUMI_DEBUG_COMMANDS: "true" },
            stdio: ["ignore", "pipe", "pipe"],
            detached: true,
        });
        this.child.stdout?.on("data", (data: Buffer) => {
            this.output += data.toString();
            this.text += data.toString();
        });
        this.child.stderr?.on("data", (data: Buffer) => (this.text += data.toString()));
        const limit = setTimeout(() => this.kill(), longestRun);
        this.ended = new Promise((resolve, reject) => {
            this.child.on("error", reject);
            // Not "close": plug-ins that outlive a killed engine hold the streams open.
            this.child.on("exit", (status) => {
                clearTimeout(limit);
                setTimeout(() => {
                    const steps = hasEvents ? stepsOf(log) : [];
                    rmSync(logs, { recursive: true, force: true });
                    const took = (Date.now() - this.began) / 1000;
                    resolve({ status, text: this.text, steps, took });
                }, 50);
            });
        });
    }

    /** The engine alone, without what it started. */
    kill(): void {
        this.child.kill("SIGKILL");
    }

    /** As Ctrl-C does. */
    interrupt(): void {
        this.child.kill("SIGINT");
    }
}

function stepsOf(log: string): EngineStep[] {
    let text: string;
    try {
        text = readFileSync(log, "utf8");
    } catch {
        return []; // It failed before there was anything to do.
    }
    return text
        .split("\n")
        .flatMap((line) => {
            try {
                return [JSON.parse(line) as EngineEvent];
            } catch {
                return []; // The end of the log, or a line that a killed engine did not finish.
            }
        })
        .flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? [])
        .filter(({ op, type }) => !unchanged.includes(op) && !type.startsWith("pulumi:providers:"))
        .map(({ op, urn, type }) => ({ op, urn, type }));
}

function processesIn(folder: string): { readonly pid: number; readonly command: string }[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
        .flatMap((name) => {
            try {
                if (readlinkSync(`/proc/${name}/cwd`) !== folder) {
                    return [];
                }
                const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replace(/\0/g, " ");
                // A process that has ended and waits for its parent has no command line.
                return command === "" ? [] : [{ pid: Number(name), command }];
            } catch {
                return []; // It has ended since.
            }
        });
}
