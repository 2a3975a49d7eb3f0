import { execFile } from "child_process";
import { accessSync, constants, readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { promisify } from "util";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation";
import { lastPart, selectedStack } from "../planConfig";
import { readToolchain } from "../toolchain";
import { secretsProvider, settingsFile } from "./stackFiles";
import { ExportedState } from "./stackState";

const execute = promisify(execFile);
/** States of large fleets come as one text. */
const largestOutput = 1024 ** 3;

/** What the CLI refused, in its own words. */
export class CliError extends Error {}

/** The Pulumi CLI in a project's folder, as its user is logged in. It leaves the selected stack as it is. */
export class PulumiCli {
    private constructor(
        private readonly folder: string,
        private readonly file: string,
        private readonly command: PulumiCommand,
    ) {}

    static async find(folder: string): Promise<PulumiCli> {
        const file = cliFile();
        const root = path.dirname(path.dirname(file));
        return new PulumiCli(folder, file, await PulumiCommand.get({ root }));
    }

    /**
     * For the Automation API. It names the stack with every command, so the one that the user has selected stays.
     *
     * @param envVars beside those of this process
     */
    async workspace(envVars: Record<string, string>): Promise<LocalWorkspace> {
        const workspace = await LocalWorkspace.create({
            workDir: this.folder,
            pulumiCommand: this.command,
            envVars,
        });
        workspace.selectStack = () => Promise.resolve();
        return workspace;
    }

    /**
     * Standard output of `pulumi ARGS`.
     *
     * @throws CliError with what the CLI complained about
     */
    async run(...args: string[]): Promise<string> {
        return this.runWith("", ...args);
    }

    /** The same with a text for its standard input. */
    private async runWith(input: string, ...args: string[]): Promise<string> {
        const running = execute(this.file, [...args, "--non-interactive"], {
            cwd: this.folder,
            maxBuffer: largestOutput,
        });
        const { stdin } = running.child;
        // A command that ends before it has read all tells why itself.
        stdin?.on("error", () => undefined);
        stdin?.end(input);
        try {
            return (await running).stdout;
        } catch (error) {
            const { stderr, message } = error as Error & { stderr?: string };
            throw new CliError(`pulumi ${args[0]} ${args[1]}: ${stderr?.trim() || message}`);
        }
    }

    /** Names of the project's stacks; those of an organization that is not the user's default have it in front. */
    async stacks(): Promise<string[]> {
        const list = JSON.parse(await this.run("stack", "ls", "--json")) as { name: string }[];
        return list.map(({ name }) => name);
    }

    /** A stack's state. Decrypted, its secrets can be given to another stack. */
    async exportState(
        stack: string,
        secrets: "decrypted" | "encrypted" = "encrypted",
    ): Promise<ExportedState> {
        const flags = secrets === "decrypted" ? ["--show-secrets"] : [];
        const text = await this.run("stack", "export", "--stack", stack, ...flags);
        return JSON.parse(text) as ExportedState;
    }

    /** Secrets may be in clear: they pass through memory alone, and the stack's state gets them encrypted. */
    async importState(stack: string, state: ExportedState): Promise<void> {
        await this.runWith(JSON.stringify(state), "stack", "import", "--stack", stack);
    }

    /** Makes a stack whose settings file is there already, and leaves that file as it is. */
    async makeStack(stack: string): Promise<void> {
        const file = settingsFile(this.folder, stack);
        const settings = readFileSync(file);
        const provider = secretsProvider(this.folder, stack);
        const flags = provider === undefined ? [] : ["--secrets-provider", provider];
        await this.run("stack", "init", stack, "--no-select", ...flags);
        writeFileSync(file, settings);
    }

    /** The CLI forgets which stack is selected when it removes any. */
    async removeStack(stack: string): Promise<void> {
        const selected = selectedStack(this.folder, process.env);
        await this.run("stack", "rm", stack, "--force", "--yes");
        if (selected !== undefined && lastPart(selected) !== stack) {
            await this.run("stack", "select", selected);
        }
    }
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
    const { cli } = readToolchain();
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
