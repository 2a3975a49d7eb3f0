import { ChildProcess, execFile, spawn } from "child_process";
import { createInterface } from "readline";
import * as path from "path";
import { promisify } from "util";

const run = promisify(execFile);
const repository = path.resolve(__dirname, "../..");

/** A line that the service logs. */
export interface LogEntry {
    readonly event: string;
    readonly reason?: string;
    readonly status?: string | number;
    readonly listen?: string;
    readonly cause?: string;
    readonly issuers?: readonly string[];
    readonly device?: string;
    readonly setting?: string;
    readonly rule?: string;
    readonly remedy?: string;
}

/** What curl got. */
export interface Reply {
    readonly status: number;
    /** Names as they were sent. */
    readonly headers: string;
    readonly body: string;
}

/** `npm run est`, as a person runs it. */
export class EstProcess {
    readonly entries: LogEntry[] = [];

    private constructor(private readonly child: ChildProcess) {
        createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
            this.entries.push(line.startsWith("{") ? JSON.parse(line) : { event: line });
        });
    }

    static start(
        folder: string,
        env: NodeJS.ProcessEnv,
        args: readonly string[],
    ): Promise<EstProcess> {
        const command = ["bash", path.join(repository, "scripts/est.sh"), ...args];
        return EstProcess.run(command, folder, env);
    }

    /** Starts the service by another command. */
    static async run(
        [program, ...args]: readonly string[],
        folder: string,
        env: NodeJS.ProcessEnv,
    ): Promise<EstProcess> {
        const child = spawn(program, args, {
            cwd: folder,
            env,
            stdio: ["ignore", "inherit", "pipe"],
        });
        const service = new EstProcess(child);
        await service.entry("started");
        return service;
    }

    /** `https://localhost:PORT`. */
    get address(): string {
        const { listen = "" } = this.entries.find(({ event }) => event === "started") ?? {};
        return `https://localhost:${listen.slice(listen.lastIndexOf(":") + 1)}`;
    }

    /** `http://127.0.0.1:PORT`. */
    get status(): string {
        const found = this.entries.find(({ event }) => event === "started");
        return `http://${String(found?.status)}`;
    }

    get pid(): number {
        return this.child.pid ?? 0;
    }

    /** Waits for an event that is logged after the first `after` entries. */
    async entry(event: string, after = 0): Promise<LogEntry> {
        for (let waited = 0; waited < 60_000; waited += 50) {
            const found = this.entries.slice(after).find((one) => one.event === event);
            if (found !== undefined) {
                return found;
            }
            if (this.child.exitCode !== null && event !== "stopped") {
                break;
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error(`no "${event}": ${JSON.stringify(this.entries)}`);
    }

    /** @returns exit status, or the signal */
    async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | string | null> {
        const ended = new Promise<number | string | null>((resolve) => {
            this.child.once("exit", (code, by) => resolve(code ?? by));
        });
        if (this.child.exitCode !== null || this.child.signalCode !== null) {
            return this.child.exitCode;
        }
        this.child.kill(signal);
        return ended;
    }
}

/** Runs curl, past any proxy. */
export async function curl(ca: string, url: string, ...args: string[]): Promise<Reply> {
    const { stdout } = await run(
        "curl",
        ["--silent", "--show-error", "--include", "--noproxy", "*", "--cacert", ca, ...args, url],
        { maxBuffer: 1024 * 1024 },
    );
    const at = stdout.lastIndexOf("\r\n\r\n");
    const headers = stdout.slice(0, at);
    const [, status] = /^HTTP\/1\.1 (\d+)/m.exec(headers.slice(headers.lastIndexOf("HTTP/"))) ?? [];
    return { status: Number(status), headers, body: stdout.slice(at + 4) };
}
