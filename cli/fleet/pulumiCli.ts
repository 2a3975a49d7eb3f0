import { ChildProcess, spawn } from "child_process";
import { accessSync, constants, readFileSync } from "fs";
import * as path from "path";
import { text } from "stream/consumers";
import { setTimeout as sleep } from "timers/promises";
import { ExportedState } from "./stackState";

/** Of a command that only reads. */
const readAttempts = 5;
const readPause = 200;

const repository = path.resolve(__dirname, "../..");

/** What the CLI refused, in its own words. */
export class CliError extends Error {}

/** What the CLI was told when it was started. */
export interface CliOptions {
    readonly folder: string;
    /** For its standard input. */
    readonly input?: string;
    /** Beside those of this process. */
    readonly variables?: Readonly<Record<string, string>>;
}

/** How a run of the CLI ended. */
export interface CliResult {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** The Pulumi CLI in a project's folder, as its user is logged in. It leaves the selected stack as it is. */
export class PulumiCli {
    /** Those that deploy. */
    private readonly engines = new Set<ChildProcess>();

    private constructor(
        private readonly folder: string,
        readonly file: string,
        /** Where stacks are made and removed: a project's folder that is no user's. */
        private readonly runFolder: string,
        /** Where the stacks are, whichever folder a command runs in. */
        private readonly backend: string,
    ) {}

    /**
     * @param folder of Pulumi.yaml
     * @param runFolder with a Pulumi.yaml, and settings files of the stacks that are made
     */
    static async find(folder: string, runFolder: string): Promise<PulumiCli> {
        const cli = new PulumiCli(folder, cliFile(), runFolder, "");
        const { url } = JSON.parse(await cli.run("whoami", "--json")) as { url: string };
        return new PulumiCli(folder, cli.file, runFolder, absolute(url, folder));
    }

    /**
     * Standard output of `pulumi ARGS`.
     *
     * @throws CliError with what the CLI complained about
     */
    run(...args: readonly string[]): Promise<string> {
        return this.output(args, { folder: this.folder });
    }

    /** The same in the run's own folder. */
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

    /** A command that deploys; {@link interrupt} reaches it. */
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

    /** Asks all that deploy to end what is under way; asked once more, they end at once. */
    interrupt(signal: "SIGINT" | "SIGKILL" = "SIGINT"): void {
        this.engines.forEach((engine) => engine.kill(signal));
    }

    /**
     * In a process group of its own: Ctrl-C in a terminal reaches this process alone, which passes it on once, and a short
     * command is never torn apart.
     */
    private start(args: readonly string[], options: CliOptions): ChildProcess {
        const { folder, input = "", variables } = options;
        const child = spawn(this.file, [...args, "--non-interactive"], {
            cwd: folder,
            detached: true,
            env: {
                ...process.env,
                // The CLI finds the plugins that came with it there.
                PATH: `${path.dirname(this.file)}${path.delimiter}${process.env.PATH ?? ""}`,
                PULUMI_SKIP_UPDATE_CHECK: "true",
                ...variables,
            },
            stdio: ["pipe", "pipe", "pipe"],
        });
        // A command that ends before it has read all tells why itself.
        child.stdin?.on("error", () => undefined);
        child.stdin?.end(input);
        return child;
    }

    /** The organization that a stack's name without one is in; undefined: the backend has none. */
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

    /** Names of the project's stacks; those of an organization that is not the user's default have it in front. */
    async stacks(): Promise<string[]> {
        const listed = await settled(() => this.run("stack", "ls", "--json"));
        const list = JSON.parse(listed) as { name: string }[];
        return list.map(({ name }) => name);
    }

    /**
     * A stack's state. Decrypted, its secrets can be given to another stack.
     *
     * @param variables with a passphrase that is not this process's
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

    /** Secrets may be in clear: they pass through memory alone, and the stack's state gets them encrypted. */
    async importState(stack: string, state: ExportedState): Promise<void> {
        await this.runApart(["stack", "import", "--stack", stack], {
            input: JSON.stringify(state),
        });
    }

    /** Makes a stack, by the settings file that the run's own folder has for it. */
    async makeStack(stack: string, secretsProvider?: string): Promise<void> {
        const flags = secretsProvider === undefined ? [] : ["--secrets-provider", secretsProvider];
        await this.runApart(["stack", "init", stack, "--no-select", ...flags]);
    }

    /** Removes a stack, whatever its state holds, and leaves the user's files and selection alone. */
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
     * @param where the user's folder, whose settings file is rewritten, or the run's own
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

/** What the CLI complained about, and what helps when a stack has another passphrase than the others. */
export function withRemedy(cause: string): string {
    return /incorrect passphrase/.test(cause)
        ? `${cause}\nThe hub's stack and all its fleet stacks need the same passphrase: "npm run fleet -- ` +
              `change-secrets-provider passphrase --new-passphrase-file FILE" sets it for all, with the current one in ` +
              `PULUMI_CONFIG_PASSPHRASE`
        : cause;
}

/** Reads again what another process was writing: a backend of files lets a reader see half a file. */
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

/** A folder of stacks as it is named from any other folder. */
function absolute(url: string, folder: string): string {
    const [, place, query = ""] = /^file:\/\/([^?]*)(\?.*)?$/.exec(url) ?? [];
    return place === undefined || place.startsWith("~")
        ? url
        : `file://${path.resolve(folder, place)}${query}`;
}

/**
 * The user's own CLI, else the one that this project has set up. Not the downloader of that name that npm puts ahead on
 * PATH.
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
