import { writeFileSync } from "fs";
import * as path from "path";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { Command, runMeasured } from "../measure/processGroup";
import { Site } from "../measure/site";
import { repository, toolchain } from "../toolchain";
import { Contender, ContenderName, Operation, Prepared, Request } from "../measure/contender";
import { stateBytes } from "./pulumiState";

export const project = "iot-x509";
const stack = "bench";
const group = "fleet";
/** What `npm run plan` advises. */
const devicesPerShard = 500;
/** What docs/large-fleets.md advises: more operations at once fill the bulk requests. */
const manyAtOnce = ["--parallel", "256"];

/** A hub's tier. */
export interface HubTier {
    readonly sku: string;
    readonly units: number;
}

/** So large that the hub's rate holds nobody back. */
const ampleHub: HubTier = { sku: "S3", units: 1 };

/** This repository's program, in a project of its own. */
export class Program implements Prepared {
    private constructor(readonly copy: ProjectCopy) {}

    static async prepare(site: Site, { key }: Request, tier = ampleHub): Promise<Program> {
        const program = new Program(copyFor(site, key, tier));
        await runMeasured(program.run(toolchain().cli, "stack", "init", stack));
        await runMeasured(program.command("up"));
        return program;
    }

    list(ids: readonly string[]): void {
        writeFileSync(this.copy.file("fleet.csv"), ["id", ...ids, ""].join("\n"));
        this.copy.changeSettings(stack, (config) => {
            config["iot-x509:devicesFile"] = "fleet.csv";
        });
    }

    /** Gives all devices these tags. */
    tag(tags: Readonly<Record<string, string>>): void {
        this.copy.changeSettings(stack, (config) => {
            config["iot-x509:deviceDefaults"] = { group, tags };
        });
    }

    command(operation: Operation): Command {
        return this.pulumi(...pulumiArguments(operation));
    }

    /** With the option for large fleets. */
    manyAtOnce(operation: Operation): Command {
        return this.pulumi(...pulumiArguments(operation), ...manyAtOnce);
    }

    /** A command of the CLI for this stack. */
    pulumi(...args: string[]): Command {
        return this.run(toolchain().cli, ...args, "--stack", stack);
    }

    /** `npm run fleet`. */
    fleet(operation: Operation, shards: number): Command {
        const verb = operation === "preview" ? "preview" : "up";
        const flags = operation === "refresh" ? ["--refresh"] : [];
        const script = path.join(repository, "scripts/fleet.sh");
        const options = ["--stack", stack, "--shards", String(shards), ...flags];
        return this.run("bash", script, verb, ...options);
    }

    /** `npm run diff`. */
    diff(): Command {
        return this.run("bash", path.join(repository, "scripts/diff.sh"), "--stack", stack);
    }

    /** `npm run plan`, as JSON. */
    plan(): Command {
        const script = path.join(repository, "cli/plan/main.ts");
        const node = ["-r", "ts-node/register/transpile-only", "--", script];
        return this.run(process.execPath, ...node, "--stack", stack, "--json");
    }

    stateBytes(): number {
        return stateBytes(this.copy.folder, project);
    }

    close(): void {
        this.copy.remove();
    }

    private run(file: string, ...args: string[]): Command {
        const { folder: cwd, environment } = this.copy;
        return { file, args, cwd, environment };
    }
}

/** Without the preview that an interactive `pulumi up` shows first, for all who use the CLI. */
export function pulumiArguments(operation: Operation): string[] {
    if (operation === "preview") {
        return ["preview", "--expect-no-changes"];
    }
    const verb = operation === "refresh" ? "refresh" : "up";
    return [verb, "--yes", "--skip-preview", "--suppress-outputs"];
}

function copyFor(site: Site, key: Request["key"], tier: HubTier): ProjectCopy {
    const { pulumiHome } = toolchain();
    const copy = ProjectCopy.make({ environment: site.environment, pulumiHome });
    copy.changeSettings(stack, (config) => {
        Object.assign(config, {
            "iot-x509:hub": { prefix: "bench", ...tier },
            "iot-x509:pki": { keyAlgorithm: "ECDSA-P256" },
            "iot-x509:groups": { [group]: { keyAlgorithm: key } },
            "iot-x509:deviceDefaults": { group },
            "iot-x509:devices": [],
            "iot-x509:outputDevices": [],
        });
    });
    return copy;
}

/** One stack, by a CLI with the option for large fleets. */
function oneStack(name: ContenderName, variables: NodeJS.ProcessEnv): Contender {
    return {
        name,
        prepare: async (site, request) => {
            const program = await Program.prepare(site, request);
            return {
                list: (ids) => program.list(ids),
                command: (operation) => {
                    const command =
                        operation === "diff" ? program.diff() : program.manyAtOnce(operation);
                    return { ...command, environment: { ...command.environment, ...variables } };
                },
                stateBytes: () => program.stateBytes(),
                close: () => program.close(),
            };
        },
    };
}

/** The engine writes the whole state after every step, as it does by default. */
export const ours = oneStack("ours", {});

/** It writes the state once, at the end, as `npm run fleet` lets it for fleet stacks. */
export const oursAtEnd = oneStack("oursAtEnd", { PULUMI_SKIP_CHECKPOINTS: "true" });

/** One stack, by `pulumi up` as it is. */
export const oursPlain: Contender = {
    name: "oursPlain",
    prepare: (site, request) => Program.prepare(site, request),
};

/** The same program in shards, by `npm run fleet`. */
export const fleet: Contender = {
    name: "fleet",
    prepare: async (site, request) => {
        const program = await Program.prepare(site, request);
        const shards = Math.max(2, Math.ceil(request.devices / devicesPerShard));
        return {
            list: (ids) => program.list(ids),
            command: (operation) =>
                operation === "diff" ? program.diff() : program.fleet(operation, shards),
            stateBytes: () => program.stateBytes(),
            shards,
            close: () => program.close(),
        };
    },
};
