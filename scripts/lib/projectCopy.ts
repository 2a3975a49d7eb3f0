import {
    cpSync,
    existsSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { LocalWorkspace, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import { readYaml, writeYaml } from "../../cli/stackFiles/stackYaml";

const repository = path.resolve(__dirname, "../..");
const program = [
    "index.ts",
    "stacks",
    "components",
    "node_modules",
    "package.json",
    "tsconfig.json",
];

/** A stack's settings file, e.g. Pulumi.dev.yaml. */
export interface StackFile {
    config: Record<string, unknown>;
    [key: string]: unknown;
}

export interface ProjectCopyOptions {
    /** Whose settings file to start from; default `dev`. */
    readonly settingsOf?: string;
    /** The environment of the emulator. */
    readonly environment: NodeJS.ProcessEnv;
    readonly pulumiHome: string;
}

/** The CLI, which tells its version once. */
let command: Promise<PulumiCommand> | undefined;

/**
 * The program with settings and state of its own, in a temporary folder: the code is linked, the settings are copied. So
 * nothing that Pulumi writes reaches the repository or the user's login, and several can run side by side.
 */
export class ProjectCopy {
    private constructor(
        readonly folder: string,
        private readonly options: ProjectCopyOptions,
    ) {}

    static make(options: ProjectCopyOptions): ProjectCopy {
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-project-"));
        for (const name of program) {
            symlinkSync(path.join(repository, name), path.join(folder, name));
        }
        for (const name of ["Pulumi.yaml", "devices"]) {
            cpSync(path.join(repository, name), path.join(folder, name), { recursive: true });
        }
        return new ProjectCopy(folder, options);
    }

    /** Where a file of this copy is. */
    file(...parts: string[]): string {
        return path.join(this.folder, ...parts);
    }

    /** Changes the settings of a stack; a stack without any starts from those of `settingsOf`. */
    changeSettings(stack: string, change: (config: Record<string, unknown>) => void): void {
        const settings = this.settings(stack);
        change(settings.config);
        writeFileSync(this.file(`Pulumi.${stack}.yaml`), writeYaml(settings));
    }

    private settings(stack: string): StackFile {
        try {
            return readYaml(readFileSync(this.file(`Pulumi.${stack}.yaml`), "utf8")) as StackFile;
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
                throw error;
            }
            const name = `Pulumi.${this.options.settingsOf ?? "dev"}.yaml`;
            return readYaml(readFileSync(path.join(repository, name), "utf8")) as StackFile;
        }
    }

    /** What a shell needs to run `pulumi` in this folder. */
    get environment(): Record<string, string> {
        const entries = Object.entries({
            ...this.options.environment,
            PULUMI_HOME: this.options.pulumiHome,
            PULUMI_BACKEND_URL: `file://${this.folder}`,
            PULUMI_CONFIG_PASSPHRASE: "local state of a temporary project",
            PULUMI_SKIP_UPDATE_CHECK: "true",
        });
        return Object.fromEntries(
            entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
        );
    }

    /** File with the state of a stack. */
    stateFile(stack: string): string {
        return this.file(".pulumi/stacks/iot-x509", `${stack}.json`);
    }

    /** The stack, driven by the real CLI; made when it does not exist. */
    async stack(name: string): Promise<Stack> {
        this.changeSettings(name, () => undefined);
        command ??= PulumiCommand.get({ root: path.join(repository, ".local") });
        const workspace = await LocalWorkspace.create({
            workDir: this.folder,
            // Named, because npm puts a downloader called `pulumi` ahead on PATH.
            pulumiCommand: await command,
            pulumiHome: this.options.pulumiHome,
            envVars: this.environment,
        });
        // Trying to select one that is not there would take the CLI's whole start.
        return existsSync(this.stateFile(name))
            ? Stack.select(name, workspace)
            : Stack.create(name, workspace);
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}
