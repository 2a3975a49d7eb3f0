import { ChildProcess, spawn } from "child_process";
import { accessSync, constants, readFileSync } from "fs";
import * as path from "path";
import { text } from "stream/consumers";
import { setTimeout as sleep } from "timers/promises";
import { ExportedState } from "./stackState";

/** Attempts for a command that only reads. */
const readAttempts = 5;
const readPause = 200;

const repository = path.resolve(__dirname, "../..");

/** An error of the CLI, with its own message. */
export class CliError extends Error {}

/** How the CLI is started. */
export interface CliOptions {
    readonly folder: string;
    /** Text for its standard input. */
    readonly input?: string;
    /** Environment variables in addition to those of this process. */
    readonly variables?: Readonly<Record<string, string>>;
}

/** How a run of the CLI ended. */
export interface CliResult {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** The Pulumi CLI in a project's folder, with the user's login. Does not change the selected stack. */
export class PulumiCli {
    /** Processes that deploy. */
    private readonly engines = new Set<ChildProcess>();

    private constructor(
        private readonly folder: string,
        readonly file: string,
        /** Where stacks are created and removed: a project folder that is not the user's. */
        private readonly runFolder: string,
        /** Where the stacks are stored, whichever folder a command runs in. */
        private readonly backend: string,
    ) {}

    /**
     * @param folder folder of Pulumi.yaml
     * @param runFolder folder with a Pulumi.yaml and the settings files of the stacks to create
     */
    static async find(folder: string, runFolder: string): Promise<PulumiCli> {
        const cli = new PulumiCli(folder, cliFile(), runFolder, "");
        // The CLI prefers this variable to the login and to what Pulumi.yaml says, too.
        const url = process.env.PULUMI_BACKEND_URL || (await cli.loginUrl());
        return new PulumiCli(folder, cli.file, runFolder, absolute(url, folder));
    }

    private async loginUrl(): Promise<string> {
        return (JSON.parse(await this.run("whoami", "--json")) as { url: string }).url;
    }

    /**
     * Standard output of `pulumi ARGS`.
     *
     * @throws CliError with the CLI's message
     */
    run(...args: readonly string[]): Promise<string> {
        return this.output(args, { folder: this.folder });
    }

    /** Like {@link run}, but in the run's own folder. */
    private runApart(args: readonly string[], options: Partial<CliOptions> = {}): Promise<string> {
        const variables = { ...options.variables, PULUMI_BACKEND_URL: this.backend };
        return this.output(args, { ...options, folder: this.runFolder, variables });
    }

    private async output(args: readonly string[], options: CliOptions): Promise<string> {
        const { status, stdout, stderr } = await ended(this.start(args, options));
        if (status !== 0) {
            const words = args.slice(0, 2).join(" ");
            const cause = stderr.trim() || `exited with status ${status}`;
            throw new CliError(`pulumi ${words}: ${withRemedy(cause)}`);
        }
        return stdout;
    }

    /** Runs a command that deploys; {@link interrupt} applies to it. */
    async deploy(
        args: readonly string[],
        variables: Readonly<Record<string, string>>,
    ): Promise<CliResult> {
        const engine = this.start(args, { folder: this.folder, variables });
        this.engines.add(engine);
        try {
            return await ended(engine);
        } finally {
            this.engines.delete(engine);
        }
    }

    /** Asks all deploying processes to finish what is under way; asked again, they stop immediately. */
    interrupt(signal: "SIGINT" | "SIGKILL" = "SIGINT"): void {
        this.engines.forEach((engine) => engine.kill(signal));
    }

    /**
     * Starts the CLI in its own process group: Ctrl-C in a terminal reaches only this process, which forwards it once, and
     * short commands are never interrupted.
     */
    private start(args: readonly string[], options: CliOptions): ChildProcess {
        const { folder, input = "", variables } = options;
        const child = spawn(this.file, [...args, "--non-interactive"], {
            cwd: folder,
            detached: true,
            env: {
                ...process.env,
                // The CLI finds its bundled plugins there.
                PATH: `${path.dirname(this.file)}${path.delimiter}${process.env.PATH ?? ""}`,
                PULUMI_SKIP_UPDATE_CHECK: "true",
                ...variables,
            },
            stdio: ["pipe", "pipe", "pipe"],
        });
        // A command that ends before reading all its input reports the reason itself.
        child.stdin?.on("error", () => undefined);
        child.stdin?.end(input);
        return child;
    }

    /** The organization of stack names that do not contain one; undefined: the backend has no organizations. */
    async defaultOrganization(): Promise<string | undefined> {
        if (!/^https?:/.test(this.backend)) {
            return undefined;
        }
        const given = (await this.run("org", "get-default")).trim();
        if (/^\S+$/.test(given)) {
            return given;
        }
        const { user } = JSON.parse(await this.run("whoami", "--json")) as { user: string };
        return user;
    }

    /** Names of the project's stacks; an organization other than the user's default is a prefix of the name. */
    async stacks(): Promise<string[]> {
        const listed = await settled(() => this.run("stack", "ls", "--json"));
        const list = JSON.parse(listed) as { name: string }[];
        return list.map(({ name }) => name);
    }

    /**
     * A stack's state. If decrypted, its secrets can be passed to another stack.
     *
     * @param variables environment variables with a passphrase other than this process's
     */
    async exportState(
        stack: string,
        secrets: "decrypted" | "encrypted" = "encrypted",
        variables: Readonly<Record<string, string>> = {},
    ): Promise<ExportedState> {
        const flags = secrets === "decrypted" ? ["--show-secrets"] : [];
        const args = ["stack", "export", "--stack", stack, ...flags];
        const exported = await settled(() => this.runApart(args, { variables }));
        return JSON.parse(exported) as ExportedState;
    }

    /** Secrets may be in plain text: they exist only in memory, and the stack's state stores them encrypted. */
    async importState(stack: string, state: ExportedState): Promise<void> {
        await this.runApart(["stack", "import", "--stack", stack], {
            input: JSON.stringify(state),
        });
    }

    /** Creates a stack, with its settings file in the run's own folder. */
    async makeStack(stack: string, secretsProvider?: string): Promise<void> {
        const flags = secretsProvider === undefined ? [] : ["--secrets-provider", secretsProvider];
        await this.runApart(["stack", "init", stack, "--no-select", ...flags]);
    }

    /** Removes a stack, whatever its state holds, without touching the user's files and selection. */
    async removeStack(stack: string): Promise<void> {
        await this.runApart(["stack", "rm", stack, "--force", "--yes"]);
    }

    async tag(stack: string, name: string, value: string): Promise<void> {
        await this.runApart(["stack", "tag", "set", name, value, "--stack", stack]);
    }

    async tags(stack: string): Promise<Readonly<Record<string, string>>> {
        const args = ["stack", "tag", "ls", "--json", "--stack", stack];
        return JSON.parse(await settled(() => this.runApart(args))) as Record<string, string>;
    }

    /**
     * Encrypts a state with another key.
     *
     * @param where the user's folder, in which the settings file is rewritten, or the run's own
     * @param passphrase for the provider `passphrase`
     */
    async changeSecretsProvider(
        stack: string,
        provider: string,
        where: "user" | "run",
        passphrase: string | undefined,
    ): Promise<void> {
        const args = ["stack", "change-secrets-provider", provider, "--stack", stack];
        const options = { input: passphrase === undefined ? "" : `${passphrase}\n` };
        await (where === "run"
            ? this.runApart(args, options)
            : this.output(args, { ...options, folder: this.folder }));
    }
}

/** The CLI's message, with the remedy if a stack has a different passphrase from the others. */
export function withRemedy(cause: string): string {
    return /incorrect passphrase/.test(cause)
        ? `${cause}\nThe hub's stack and all its fleet stacks need the same passphrase: "npm run fleet -- ` +
              `change-secrets-provider passphrase --new-passphrase-file FILE" sets it for all, with the current one in ` +
              `PULUMI_CONFIG_PASSPHRASE`
        : cause;
}

/** Retries a read while another process is writing: with a file backend, a reader can see half a file. */
async function settled(read: () => Promise<string>): Promise<string> {
    for (let attempt = 1; ; attempt++) {
        try {
            return await read();
        } catch (error) {
            const isHalf = /\bEOF\b|unexpected end of JSON input/.test(String(error));
            if (!isHalf || attempt === readAttempts) {
                throw error;
            }
            await sleep(readPause * attempt);
        }
    }
}

async function ended(child: ChildProcess): Promise<CliResult> {
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) {
        throw new CliError("pulumi was started without output streams");
    }
    const status = new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
    });
    const [out, errors, code] = await Promise.all([text(stdout), text(stderr), status]);
    return { status: code, stdout: out, stderr: errors };
}

/** The URL of a folder of stacks, made independent of the current folder. */
function absolute(url: string, folder: string): string {
    const [, place, query = ""] = /^file:\/\/([^?]*)(\?.*)?$/.exec(url) ?? [];
    return place === undefined || place.startsWith("~")
        ? url
        : `file://${path.resolve(folder, place)}${query}`;
}

/**
 * The user's own CLI, else the one that this project has set up; not the downloader of the same name that npm puts first
 * on PATH.
 */
function cliFile(): string {
    const found = (process.env.PATH ?? "")
        .split(path.delimiter)
        .filter((folder) => path.basename(folder) === "bin")
        .map((folder) => path.join(folder, "pulumi"))
        .find(isExecutable);
    if (found !== undefined) {
        return found;
    }
    const file = path.join(repository, ".local/toolchain.json");
    const { cli } = JSON.parse(readFileSync(file, "utf8")) as { cli: string | null };
    if (cli === null) {
        throw new CliError(
            "there is no Pulumi CLI: install it (https://www.pulumi.com/docs/install)",
        );
    }
    return cli;
}

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}
