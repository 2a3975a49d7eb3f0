import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "fs";
import * as path from "path";
import { dump } from "js-yaml";
import { Command, runMeasured } from "../measure/processGroup";
import { Site } from "../measure/site";
import { repository, toolchain } from "../toolchain";
import { Contender, Operation, Prepared, Request } from "../measure/contender";
import { pulumiArguments } from "./ours";
import { stateBytes } from "./pulumiState";

const project = "naive";
const stack = "bench";

/** The engine's settings that `npm run fleet` uses. */
const tuned = {
    flags: ["--parallel", "256"],
    variables: { PULUMI_SKIP_CHECKPOINTS: "true" },
};
type Tuning = typeof tuned;
const ordinary: Tuning = { flags: [], variables: {} as Tuning["variables"] };

/** The Pulumi program in bench/naive. */
class NaiveProgram implements Prepared {
    private constructor(
        private readonly folder: string,
        private readonly environment: NodeJS.ProcessEnv,
        private readonly tuning: Tuning,
    ) {}

    static async prepare(site: Site, { key }: Request, tuning: Tuning): Promise<NaiveProgram> {
        const folder = path.join(site.folder, project);
        mkdirSync(folder);
        const source = path.join(repository, "bench/naive");
        for (const name of ["index.ts", "device.ts", "deviceIdentity.ts"]) {
            symlinkSync(path.join(source, name), path.join(folder, name));
        }
        for (const name of ["node_modules", "package.json", "tsconfig.json"]) {
            symlinkSync(path.join(repository, name), path.join(folder, name));
        }
        cpSync(path.join(source, "Pulumi.yaml"), path.join(folder, "Pulumi.yaml"));
        const config = { "naive:keyAlgorithm": key, "azure-native:location": "westeurope" };
        writeFileSync(path.join(folder, `Pulumi.${stack}.yaml`), dump({ config }));
        const program = new NaiveProgram(
            folder,
            {
                ...site.environment,
                ...tuning.variables,
                PULUMI_HOME: toolchain().pulumiHome,
                PULUMI_BACKEND_URL: `file://${folder}`,
                PULUMI_CONFIG_PASSPHRASE: "local state of a temporary project",
                PULUMI_SKIP_UPDATE_CHECK: "true",
            },
            tuning,
        );
        program.list([]);
        await runMeasured(program.pulumi("stack", "init", stack));
        await runMeasured(program.command("up"));
        return program;
    }

    list(ids: readonly string[]): void {
        writeFileSync(path.join(this.folder, "devices.json"), JSON.stringify(ids));
    }

    command(operation: Operation): Command {
        return this.pulumi(
            ...pulumiArguments(operation),
            ...["--stack", stack],
            ...this.tuning.flags,
        );
    }

    stateBytes(): number {
        return stateBytes(this.folder, project);
    }

    close(): void {
        // The folder is the site's.
    }

    private pulumi(...args: string[]): Command {
        return { file: toolchain().cli, args, cwd: this.folder, environment: this.environment };
    }
}

export const naive: Contender = {
    name: "naive",
    prepare: (site, request) => NaiveProgram.prepare(site, request, ordinary),
};

export const naiveTuned: Contender = {
    name: "naiveTuned",
    prepare: (site, request) => NaiveProgram.prepare(site, request, tuned),
};
