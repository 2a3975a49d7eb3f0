import * as assert from "assert";
import { ChildProcess, execFileSync, spawn } from "child_process";
import * as fs from "fs";
import { tmpdir } from "os";
import * as path from "path";

const repository = path.resolve(__dirname, "../..");
const goArch = { x64: "amd64" }[process.arch as string] ?? process.arch;
/** What the set-up may find on PATH beside what a test puts there: no Pulumi, no Go. */
const tools = [
    ...[
        "bash",
        "sh",
        "cat",
        "chmod",
        "cp",
        "dirname",
        "env",
        "flock",
        "gzip",
        "head",
        "mkdir",
        "perl",
        "rm",
    ],
    ...["sleep", "tar", "uname"],
];

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
    readonly host?: string;
    readonly description: string;
    readonly plugins?: readonly { name: string; kind: string }[];
    readonly tried?: readonly { source: string; reason: string }[];
}

/**
 * A copy of the set-up in a folder of its own, with a user's home and cache, a PATH without Pulumi and Go, packages that
 * count as installed, and an npm package `pulumi` whose download fails unless a test replaces it.
 */
export class Sandbox {
    readonly top = fs.mkdtempSync(path.join(tmpdir(), "iot-x509-setup-"));
    readonly project = path.join(this.top, "work", "project");
    readonly local = path.join(this.project, ".local");
    readonly home = path.join(this.top, "home");
    /** $XDG_CACHE_HOME */
    readonly cache = path.join(this.top, "cache");
    /** First on PATH. */
    readonly bin = path.join(this.top, "bin");
    /** The rest of PATH: the tools of any machine. */
    private readonly tools = path.join(this.top, "tools");
    readonly mirror = path.join(this.top, "mirror");

    constructor() {
        for (const folder of [this.home, this.cache, this.bin, this.tools, this.mirror]) {
            fs.mkdirSync(folder, { recursive: true });
        }
        this.fillProject(this.project);
        this.linkTools();
    }

    private linkTools(): void {
        tools.forEach((tool) => this.link(tool));
        fs.symlinkSync(process.execPath, path.join(this.tools, "node"));
    }

    /** Puts a program of this machine, if it has it, on PATH. */
    private link(tool: string): void {
        const folders = (process.env.PATH ?? "").split(path.delimiter);
        const found = folders.map((one) => path.join(one, tool)).find(fs.existsSync);
        if (found !== undefined) {
            fs.symlinkSync(found, path.join(this.tools, tool));
        }
    }

    /** A clone of the project, as far as the set-up looks at it. */
    private fillProject(project: string): void {
        for (const folder of ["scripts", "standins", "test/runner"]) {
            fs.cpSync(path.join(repository, folder), path.join(project, folder), {
                recursive: true,
            });
        }
        fs.mkdirSync(path.join(project, "emulator"));
        for (const file of ["package.json", "package-lock.json", "emulator/commandLine.mjs"]) {
            fs.copyFileSync(path.join(repository, file), path.join(project, file));
        }
        fs.mkdirSync(path.join(project, "node_modules", "pulumi"), { recursive: true });
        fs.copyFileSync(
            path.join(repository, "package-lock.json"),
            path.join(project, "node_modules", ".package-lock.json"),
        );
        fs.writeFileSync(
            path.join(project, "node_modules", "pulumi", "run.js"),
            'process.stderr.write("no route to the download"); process.exit(1);',
        );
    }

    /** A second clone of the same user, in `name`. */
    clone(name: string): string {
        const project = path.join(this.top, "work", name);
        this.fillProject(project);
        return project;
    }

    remove(): void {
        fs.rmSync(this.top, { recursive: true, force: true });
    }

    /** Puts the emulator and its packages into the project, and a CLI on PATH: nothing is left to set up. */
    async takeEmulator(): Promise<void> {
        this.fillMirror();
        this.cli(this.bin, "99.0.1");
        this.link("npm");
        for (const name of ["emulator", "node_modules"]) {
            const folder = path.join(this.project, name);
            fs.rmSync(folder, { recursive: true });
            fs.symlinkSync(path.join(repository, name), folder);
        }
        fs.copyFileSync(
            path.join(repository, "tsconfig.json"),
            path.join(this.project, "tsconfig.json"),
        );
        await this.setup();
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

    /**
     * A folder with programs that answer as a CLI of a version, with or without its Node.js host beside it.
     *
     * @param options.install shell commands that tell on standard error why a plugin cannot be installed
     */
    cli(
        folder: string,
        version: string,
        { withHost = true, install = ["echo no plugins to be had here"] } = {},
    ): void {
        this.program(
            path.join(folder, "pulumi"),
            [
                "#!/bin/sh",
                `[ "$1" = version ] && echo v${version} && exit`,
                "exec >&2",
                ...install,
                "exit 1",
                "",
            ].join("\n"),
        );
        for (const host of ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"]) {
            if (withHost) {
                this.program(path.join(folder, host), "#!/bin/sh\n");
            }
        }
    }

    /**
     * Fills the mirror with archives as Pulumi publishes them.
     *
     * @param everyMachine azure-native also, and different archives for each platform
     */
    fillMirror({
        payloadBytes = 0,
        plugins = ["tls", "random", "azuread"],
        everyMachine = false,
    } = {}): void {
        if (everyMachine) {
            this.fillMirror({ payloadBytes, plugins: [...plugins, "azure-native"] });
            this.copyToOtherMachines();
            return;
        }
        const content = path.join(this.top, "content");
        this.cli(path.join(content, "pulumi"), pinned["@pulumi/pulumi"]);
        fs.writeFileSync(path.join(content, "pulumi", "payload"), Buffer.alloc(payloadBytes));
        execFileSync("tar", ["-czf", this.archive, "-C", content, "pulumi"]);
        for (const name of plugins) {
            const program = `pulumi-resource-${name}`;
            this.program(path.join(content, name, program), "#!/bin/sh\n");
            const version = pinned[`@pulumi/${name}`];
            const archive = `${program}-v${version}-${process.platform}-${goArch}.tar.gz`;
            execFileSync("tar", [
                ...["-czf", path.join(this.mirror, archive)],
                ...["-C", path.join(content, name), program],
            ]);
        }
    }

    private copyToOtherMachines(): void {
        const suffix = new RegExp(`-${process.platform}-(${process.arch}|${goArch})\\.tar\\.gz$`);
        for (const name of fs.readdirSync(this.mirror)) {
            for (const platform of ["linux", "darwin"]) {
                for (const arch of [/resource/.test(name) ? "amd64" : "x64", "arm64"]) {
                    const copy = path.join(
                        this.mirror,
                        name.replace(suffix, `-${platform}-${arch}.tar.gz`),
                    );
                    if (!fs.existsSync(copy)) {
                        fs.copyFileSync(path.join(this.mirror, name), copy);
                        fs.appendFileSync(copy, copy);
                    }
                }
            }
        }
    }

    get archive(): string {
        const version = pinned["@pulumi/pulumi"];
        const name = `pulumi-v${version}-${process.platform}-${process.arch}.tar.gz`;
        return path.join(this.mirror, name);
    }

    /**
     * A `go` that notes each call in `go-calls` and "builds" a CLI without a Node.js host, of the version that it is told to
     * stamp.
     *
     * @param options.version of Go
     * @param options.during shell commands that run in the middle of a build, with the output's path in $out
     */
    go({ version = "go99.1", toolchain = "local", during = "" } = {}): void {
        this.program(
            path.join(this.bin, "go"),
            `#!/bin/sh
echo "$1" >> '${this.top}/go-calls'
case "$1" in
env) echo '${version}'; echo '${toolchain}' ;;
list) echo a/b; echo c/d ;;
build)
    while [ $# -gt 0 ]; do
        case "$1" in -o) out=$2 ;; -ldflags) stamp=\${2##*=} ;; esac
        shift
    done
    echo a/b >&2
    printf '#!/bin/sh\n[ "$1" = version ] && echo %s && exit\necho no plugins to be had here >&2; exit 1\n' "$stamp" > "$out"
    ${during}
    chmod +x "$out" ;;
esac
`,
        );
    }

    goCalls(): string[] {
        const file = path.join(this.top, "go-calls");
        return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
    }

    /** The program in the user's cache, and its folder's names. */
    get cached(): string {
        const { "@pulumi/pulumi": version } = pinned;
        const name = `pulumi-v${version}-${process.platform}-${process.arch}`;
        return path.join(this.cache, "iot-x509", name, "pulumi");
    }

    cacheNames(): string[] {
        const folder = path.join(this.cache, "iot-x509");
        return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
    }

    private environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
        return {
            HOME: this.home,
            XDG_CACHE_HOME: this.cache,
            PATH: [this.bin, this.tools].join(path.delimiter),
            // It would ask the registry, and npm ends no sooner than the name is resolved.
            npm_config_update_notifier: "false",
            ...extra,
        };
    }

    /** Starts `scripts/setup.sh` in a process group of its own. */
    start(
        args: readonly string[] = [],
        extra: NodeJS.ProcessEnv = {},
    ): { child: ChildProcess; ended: Promise<Outcome> } {
        return this.spawn("bash", ["scripts/setup.sh", ...args], extra);
    }

    spawn(
        command: string,
        args: readonly string[],
        extra: NodeJS.ProcessEnv = {},
        project = this.project,
    ): { child: ChildProcess; ended: Promise<Outcome> } {
        const child = spawn(command, args, {
            cwd: project,
            env: this.environment(extra),
            stdio: ["ignore", "pipe", "pipe"],
            detached: true,
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

    /** @returns the output of a set-up that ends well, with the pinned version */
    async assertSetsUp(extra: NodeJS.ProcessEnv = {}): Promise<string> {
        const { status, output } = await this.setup(["--require-cli"], extra);
        assert.strictEqual(status, 0, output);
        assert.strictEqual(this.toolchain().version, pinned["@pulumi/pulumi"]);
        return output;
    }

    /** Neither the project nor the user's cache has a CLI or a part of one; a lock may stay. */
    assertNothingHalfMade(): void {
        const parts = this.localNames().filter((name) => /^tmp-|official|engine/.test(name));
        const cached = this.cacheNames().filter((name) => name !== "build.lock");
        assert.deepStrictEqual([...parts, ...cached], []);
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
