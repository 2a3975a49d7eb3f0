import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import { ChildProcess, execFileSync, spawn } from "child_process";
import * as fs from "fs";
import { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { tmpdir } from "os";
import * as path from "path";
import { createInterface } from "readline";
import { grpcCall } from "./grpcCall";

const repository = path.resolve(__dirname, "../..");

/** A temporary folder with the launchers of the Node language host of this project. */
export function launchers(): string {
    const folder = fs.mkdtempSync(path.join(tmpdir(), "node-host-bin-"));
    execFileSync(process.execPath, [
        path.join(repository, "standins/node-host/install.js"),
        folder,
    ]);
    return folder;
}

/** A temporary folder with these files; `@pulumi/*` and TypeScript are those of this project. */
export function folderWith(files: Record<string, string>, installed = true): string {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), "node-host-")));
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), content);
    }
    if (installed) {
        fs.symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
    }
    return folder;
}

export interface OurProcess {
    readonly pid: number;
    readonly command: string;
}

/** Processes that `ps` shows with this text in their command line. */
export function processesWith(text: string): OurProcess[] {
    const lines = execFileSync("ps", ["-ww", "-eo", "pid=,args="], { encoding: "utf8" });
    return lines
        .split("\n")
        .map((line) => /^\s*(\d+) (.*)$/.exec(line))
        .filter((match) => match !== null)
        .map(([, pid, command]) => ({ pid: Number(pid), command }))
        .filter(({ pid, command }) => pid !== process.pid && command.includes(text));
}

/** Waits for what is to become true. */
export async function eventually(what: string, holds: () => boolean, seconds = 20): Promise<void> {
    const end = Date.now() + seconds * 1_000;
    while (!holds()) {
        if (Date.now() > end) {
            throw new Error(`after ${seconds} seconds it does not hold: ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** The host as the engine starts it: in a process group of its own, stdin held open. */
export class NodeHost {
    /** Everything the host wrote after its port. */
    output = "";

    private constructor(
        readonly process: ChildProcess,
        readonly client: LanguageRuntimeClient,
    ) {}

    static async start(
        bin: string,
        environment: NodeJS.ProcessEnv = process.env,
        engine = "127.0.0.1:9",
    ): Promise<NodeHost> {
        const child = spawn(path.join(bin, "pulumi-language-nodejs"), [engine], {
            stdio: ["pipe", "pipe", "pipe"],
            detached: true,
            env: environment,
        });
        const lines = createInterface({ input: child.stdout });
        const port = await new Promise<string>((resolve, reject) => {
            lines.once("line", resolve);
            child.once("exit", (code) => reject(new Error(`the host exited with ${code}`)));
        });
        const client = new LanguageRuntimeClient(
            `127.0.0.1:${port}`,
            grpc.credentials.createInsecure(),
            {
                "grpc.max_receive_message_length": -1,
                "grpc.max_send_message_length": -1,
                "grpc.enable_http_proxy": 0,
            },
        );
        const host = new NodeHost(child, client);
        lines.on("line", (line) => (host.output += `${line}\n`));
        child.stderr.on("data", (chunk) => (host.output += String(chunk)));
        return host;
    }

    call<Response>(
        method: keyof LanguageRuntimeClient & string,
        request: unknown,
    ): Promise<Response> {
        return grpcCall(this.client, method, request);
    }

    async stop(): Promise<void> {
        this.client.close();
        if (this.process.exitCode !== null || this.process.signalCode !== null) {
            return;
        }
        const ended = new Promise((resolve) => this.process.once("exit", resolve));
        this.process.stdin?.end();
        await ended;
    }
}

export function programInfo(
    folder: string,
    options: Record<string, JavaScriptValue> = {},
    entry = ".",
): ProgramInfo {
    const info = new ProgramInfo();
    info.setRootDirectory(folder);
    info.setProgramDirectory(folder);
    info.setEntryPoint(entry);
    info.setOptions(Struct.fromJavaScript(options));
    return info;
}
