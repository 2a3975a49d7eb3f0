import { execFile } from "child_process";
import { promises as fs } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { requireAzureCli } from "./tools";

/** The real `az` in a home directory of its own, logged in as the emulator's ready service principal. */
export class AzureCli {
    private constructor(
        /** HOME of all that runs here. */
        readonly home: string,
        private readonly environment: NodeJS.ProcessEnv,
    ) {}

    /** What leads another program to this `az` and its login. */
    get variables(): { readonly PATH: string; readonly AZURE_CONFIG_DIR: string } {
        const { PATH = "", AZURE_CONFIG_DIR = "" } = this.environment;
        return { PATH, AZURE_CONFIG_DIR };
    }

    /** Logs in; skips the suite when there is no `az`. */
    static async login(context: Mocha.Context): Promise<AzureCli> {
        const az = requireAzureCli(context);
        const home = await fs.mkdtemp(path.join(tmpdir(), "iot-x509-az-"));
        const cli = new AzureCli(home, {
            ...process.env,
            HOME: home,
            PATH: `${path.dirname(az)}:${process.env.PATH}`,
            AZURE_CONFIG_DIR: path.join(home, ".azure"),
            AZURE_CORE_COLLECT_TELEMETRY: "no",
            AZURE_CORE_SURVEY_MESSAGE: "no",
            AZURE_CORE_NO_COLOR: "yes",
            AZURE_CORE_ONLY_SHOW_ERRORS: "yes",
            AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
        });
        await cli.bash(
            'az login --service-principal --username "$ARM_CLIENT_ID" --password="$ARM_CLIENT_SECRET" ' +
                '--tenant "$ARM_TENANT_ID"',
        );
        return cli;
    }

    /**
     * Runs a bash script in the home directory; the first command that fails ends it.
     *
     * @returns what it printed
     * @throws Error with standard error in its message
     */
    async bash(script: string): Promise<string> {
        const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], {
            cwd: this.home,
            env: this.environment,
            maxBuffer: 16 * 1024 * 1024,
        });
        return stdout;
    }

    /** Runs one `az` command and parses what it prints; undefined when that is nothing. */
    async json<T>(command: string): Promise<T> {
        const printed = await this.bash(`az ${command} --output json`);
        return (printed.trim() === "" ? undefined : JSON.parse(printed)) as T;
    }

    async remove(): Promise<void> {
        await fs.rm(this.home, { recursive: true, force: true, maxRetries: 5 });
    }
}
