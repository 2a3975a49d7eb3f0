import { ChildProcess, execFileSync, spawn } from "child_process";
import * as fs from "fs";
import { tmpdir } from "os";
import * as path from "path";

const repository = path.resolve(__dirname, "../..");
const archiveName = "pulumi-toolchain-linux-amd64.tar.xz";

/** The versions that package.json pins; what the set-up asks for. */
export const pinned = (
    JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8")) as {
        dependencies: Record<string, string>;
    }
).dependencies;

export interface Outcome {
    readonly status: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly output: string;
}

/** The choice of the set-up, as scripts and tests read it from `.local/toolchain.json`. */
export interface ToolchainFile {
    readonly cli: string | null;
    readonly version?: string;
    readonly source?: string;
    readonly tried?: readonly { source: string; reason: string }[];
}

/**
 * A copy of the set-up in a folder of its own, with a user's home, a PATH without any Pulumi, packages that count as
 * installed, and an npm package `pulumi` whose download fails unless a test replaces it.
 */
export class Sandbox {
    readonly top = fs.mkdtempSync(path.join(tmpdir(), "iot-x509-setup-"));
    readonly project = path.join(this.top, "work", "project");
    readonly local = path.join(this.project, ".local");
    readonly home = path.join(this.top, "home");
    /** First on PATH. */
    readonly bin = path.join(this.top, "bin");
    readonly mirror = path.join(this.top, "mirror");

    constructor() {
        for (const folder of [this.project, this.home, this.bin, this.mirror]) {
            fs.mkdirSync(folder, { recursive: true });
        }
        fs.cpSync(path.join(repository, "scripts"), path.join(this.project, "scripts"), {
            recursive: true,
        });
        for (const file of ["package.json", "package-lock.json"]) {
            fs.copyFileSync(path.join(repository, file), path.join(this.project, file));
        }
        this.write(
            "node_modules/.package-lock.json",
            fs.readFileSync(path.join(repository, "package-lock.json"), "utf8"),
        );
        this.downloader('process.stderr.write("no route to the download"); process.exit(1);');
    }

    remove(): void {
        fs.rmSync(this.top, { recursive: true, force: true });
    }

    /** Writes a file of the project. */
    write(file: string, text: string): void {
        const target = path.join(this.project, file);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, text);
    }

    /** What the npm package `pulumi` runs. */
    downloader(script: string): void {
        this.write("node_modules/pulumi/run.js", script);
    }

    program(file: string, text: string): string {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text, { mode: 0o755 });
        return file;
    }

    /** A folder with programs that answer as a CLI of a version, with or without its Node.js host beside it. */
    cli(folder: string, version: string, { withHost = true } = {}): void {
        this.program(
            path.join(folder, "pulumi"),
            [
                "#!/bin/sh",
                `[ "$1" = version ] && echo v${version} && exit`,
                "echo no plugins to be had here >&2; exit 1",
                "",
            ].join("\n"),
        );
        for (const host of ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"]) {
            if (withHost) {
                this.program(path.join(folder, host), "#!/bin/sh\n");
            }
        }
    }

    /** Fills the mirror with an archive of the documented layout. */
    fillMirror({ payloadBytes = 0 } = {}): void {
        const content = path.join(this.top, "content");
        this.cli(path.join(content, "bin"), pinned["@pulumi/pulumi"]);
        fs.writeFileSync(path.join(content, "bin", "payload"), Buffer.alloc(payloadBytes));
        for (const name of ["tls", "random", "azuread"]) {
            const folder = `resource-${name}-v${pinned[`@pulumi/${name}`]}`;
            const program = path.join(content, "plugins", folder, `pulumi-resource-${name}`);
            this.program(program, "#!/bin/sh\n");
        }
        execFileSync("tar", ["-cJf", this.archive, "-C", content, "."]);
    }

    get archive(): string {
        return path.join(this.mirror, archiveName);
    }

    private environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
        const folders = (process.env.PATH ?? "")
            .split(path.delimiter)
            .filter((folder) => !fs.existsSync(path.join(folder, "pulumi")));
        return {
            HOME: this.home,
            PATH: [this.bin, path.dirname(process.execPath), ...folders].join(path.delimiter),
            PULUMI_TOOLCHAIN_MIRROR: this.mirror,
            ...extra,
        };
    }

    /** Starts `scripts/setup` in a process group of its own. */
    start(
        args: readonly string[] = [],
        extra: NodeJS.ProcessEnv = {},
    ): { child: ChildProcess; ended: Promise<Outcome> } {
        return this.spawn("bash", ["scripts/setup", ...args], extra);
    }

    spawn(
        command: string,
        args: readonly string[],
        extra: NodeJS.ProcessEnv = {},
    ): { child: ChildProcess; ended: Promise<Outcome> } {
        const child = spawn(command, args, {
            cwd: this.project,
            env: this.environment(extra),
            stdio: ["ignore", "pipe", "pipe"],
        });
        let output = "";
        child.stdout.on("data", (data: Buffer) => (output += data.toString()));
        child.stderr.on("data", (data: Buffer) => (output += data.toString()));
        const ended = new Promise<Outcome>((resolve) =>
            child.on("close", (status, signal) => resolve({ status, signal, output })),
        );
        return { child, ended };
    }

    setup(args: readonly string[] = [], extra: NodeJS.ProcessEnv = {}): Promise<Outcome> {
        return this.start(args, extra).ended;
    }

    toolchain(): ToolchainFile {
        const text = fs.readFileSync(path.join(this.local, "toolchain.json"), "utf8");
        return JSON.parse(text) as ToolchainFile;
    }

    /** Names in `.local`, for what must or must not be there. */
    localNames(): string[] {
        return fs.existsSync(this.local) ? fs.readdirSync(this.local).sort() : [];
    }
}

/** Each file below a folder with what changes when it is written again. */
export function footprint(folder: string): Record<string, string> {
    const entries = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
    return Object.fromEntries(
        entries.map((name) => {
            const { ino, mtimeMs, size } = fs.lstatSync(path.join(folder, name));
            return [name, `${ino} ${mtimeMs} ${size}`];
        }),
    );
}
