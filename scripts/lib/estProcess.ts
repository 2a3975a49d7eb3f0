import { ChildProcess, spawn } from "child_process";
import * as path from "path";
import { createInterface } from "readline";
import { runTypescript } from "./runTypescript";

const repository = path.resolve(__dirname, "../..");

/** `npm run est` on a free port of the loopback address, without its set-up. */
export class EstService {
    /** Requests that it refused. */
    refused = 0;

    private constructor(
        private readonly child: ChildProcess,
        /** `https://localhost:PORT` */
        readonly url: string,
    ) {}

    /**
     * @param folder of the project
     * @param environment of the stack: backend, passphrase, login
     * @param args stack, certificate, key, audit log
     * @throws Error when it does not start
     */
    static async start(
        folder: string,
        environment: NodeJS.ProcessEnv,
        args: readonly string[],
    ): Promise<EstService> {
        const child = spawn(
            process.execPath,
            [
                ...runTypescript,
                path.join(repository, "cli/est/main.ts"),
                ...["--listen", "127.0.0.1:0", "--status", "127.0.0.1:0", ...args],
            ],
            { cwd: folder, env: environment, stdio: ["ignore", "ignore", "pipe"] },
        );
        const said: string[] = [];
        const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
        const port = await new Promise<string>((resolve, reject) => {
            lines.on("line", (line) => {
                said.push(line);
                const [, found] = /"event":"started".*"listen":"[^"]*:(\d+)"/.exec(line) ?? [];
                if (found !== undefined) {
                    resolve(found);
                }
            });
            child.once("error", reject);
            child.once("exit", (code) =>
                reject(new Error(`npm run est ended with status ${code}:\n${said.join("\n")}`)),
            );
        });
        const service = new EstService(child, `https://localhost:${port}`);
        lines.on("line", (line) => {
            service.refused += /"event":"refused"/.test(line) ? 1 : 0;
        });
        return service;
    }

    async stop(): Promise<void> {
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.kill("SIGTERM");
        await ended;
    }
}
