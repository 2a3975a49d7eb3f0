import { ChildProcess, execFileSync, spawn } from "child_process";
import { closeSync, openSync } from "fs";
import * as path from "path";
import { createInterface } from "readline";
import { runTypescript } from "./runTypescript";

const repository = path.resolve(__dirname, "../..");

/** The one line that an emulator prints when it is ready. */
export interface ReadyLine {
    readonly proxy: string;
    readonly mqttPort: number;
    readonly management: string;
    readonly caFile: string;
    readonly envFile: string;
}

/** An emulator in a process of its own, on free ports, started as `npm run emulator` starts it. */
export class EmulatorProcess {
    private constructor(
        readonly ready: ReadyLine,
        private readonly child: ChildProcess,
    ) {}

    /**
     * @param options.folder where its environment file and its log (`emulator.log`) go
     * @param options.flags further flags of emulator/main.ts
     */
    static async start(options: {
        readonly folder: string;
        readonly flags?: readonly string[];
    }): Promise<EmulatorProcess> {
        const log = openSync(path.join(options.folder, "emulator.log"), "a");
        const child = spawn(
            process.execPath,
            [
                ...runTypescript,
                "emulator/main.ts",
                ...["--port", "0", "--mqtt-port", "0", "--management-port", "0"],
                ...["--env-file", path.join(options.folder, "environment")],
                ...(options.flags ?? []),
            ],
            { cwd: repository, stdio: ["ignore", "pipe", log] },
        );
        closeSync(log);
        const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
        const ready = await new Promise<ReadyLine>((resolve, reject) => {
            lines.once("line", (line) => resolve(JSON.parse(line) as ReadyLine));
            child.once("error", reject);
            child.once("exit", (code) =>
                reject(new Error(`the emulator exited with status ${code}; see ${options.folder}`)),
            );
        });
        return new EmulatorProcess(ready, child);
    }

    /** This process's environment with the emulator's file sourced by bash. */
    environment(): NodeJS.ProcessEnv {
        const text = execFileSync(
            "bash",
            ["-c", 'set -a; . "$1"; env -0', "-", this.ready.envFile],
            {
                encoding: "utf8",
                maxBuffer: 16 * 1024 * 1024,
            },
        );
        const entries = text.split("\0").filter((line) => line.includes("="));
        return Object.fromEntries(
            entries.map((line) => {
                const at = line.indexOf("=");
                return [line.slice(0, at), line.slice(at + 1)];
            }),
        );
    }

    /** Sends a request to the management API and returns the parsed answer. */
    async manage<T>(method: string, route: string, body?: unknown): Promise<T> {
        const response = await fetch(this.ready.management + route, {
            method,
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const answer = (await response.json()) as T;
        if (!response.ok) {
            throw new Error(`${method} ${route}: ${response.status} ${JSON.stringify(answer)}`);
        }
        return answer;
    }

    /** Lets this process end while the emulator lives on. */
    detach(): void {
        this.child.stdout?.destroy();
        this.child.unref();
    }

    get pid(): number {
        return this.child.pid as number;
    }

    async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
        if (this.child.exitCode !== null) {
            return this.child.exitCode;
        }
        const ended = new Promise<number | null>((resolve) => this.child.once("exit", resolve));
        this.child.kill(signal);
        return ended;
    }
}
