import { ChildProcess, spawn } from "child_process";
import * as path from "path";
import { Deployment } from "./deployment";
import { processesIn } from "./providerHost";

const repository = path.resolve(__dirname, "../..");

/** What `npm run fleet` printed and how it ended. */
export interface FleetResult {
    readonly status: number | null;
    readonly text: string;
}

/** Where it runs: the deployment's own project, or a clone of it. */
export interface FleetFolder {
    readonly project: { readonly folder: string };
}

/** A run of `npm run fleet` in the folder of a deployment, as a process group of its own. */
export class FleetCommand {
    private text = "";
    readonly ended: Promise<FleetResult>;

    private constructor(
        private readonly child: ChildProcess,
        private readonly folder: string,
    ) {
        const take = (data: Buffer): void => void (this.text += data.toString());
        child.stdout?.on("data", take);
        child.stderr?.on("data", take);
        this.ended = new Promise((resolve, reject) => {
            child.on("error", reject);
            child.on("close", (status) => resolve({ status, text: this.text }));
        });
    }

    static start(
        { name, project, variables }: Pick<Deployment, "name" | "variables"> & FleetFolder,
        ...args: string[]
    ): FleetCommand {
        const script = path.join(repository, "scripts/fleet.sh");
        const named = args.includes("--stack") ? args : [...args, "--stack", name];
        const child = spawn("bash", [script, ...named], {
            cwd: project.folder,
            env: variables,
            detached: true,
            stdio: ["ignore", "pipe", "pipe"],
        });
        return new FleetCommand(child, project.folder);
    }

    /** Ends well or throws what was printed. */
    static async run(deployment: Deployment, ...args: string[]): Promise<string> {
        const { status, text } = await FleetCommand.start(deployment, ...args).ended;
        if (status !== 0) {
            throw new Error(`fleet ${args.join(" ")} ended with ${status}:\n${text}`);
        }
        return text;
    }

    /** To the driver alone, as a service manager does it. */
    interrupt(): void {
        this.child.kill("SIGINT");
    }

    /** The driver alone, without a chance to hand anything on. */
    kill(): void {
        process.kill(-(this.child.pid as number), "SIGKILL");
    }

    /** The driver and all that it started. */
    killAll(): void {
        this.kill();
        for (const pid of processesIn(this.folder)) {
            process.kill(pid, "SIGKILL");
        }
    }
}
