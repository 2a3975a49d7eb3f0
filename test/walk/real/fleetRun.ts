import { ChildProcess, spawn } from "child_process";
import * as path from "path";
import { Engine, EngineResult } from "./engine";

const repository = path.resolve(__dirname, "../../..");

/** A run of `npm run fleet` in the project of a walk. */
export class FleetRun {
    readonly ended: Promise<EngineResult>;

    private constructor(private readonly child: ChildProcess) {
        const began = Date.now();
        let text = "";
        const take = (data: Buffer): void => void (text += data.toString());
        child.stdout?.on("data", take);
        child.stderr?.on("data", take);
        this.ended = new Promise((resolve, reject) => {
            child.on("error", reject);
            child.on("exit", (status) => {
                const took = (Date.now() - began) / 1000;
                setTimeout(() => resolve({ status, text, steps: [], took }), 50);
            });
        });
    }

    static start({ folder, variables }: Engine, ...args: string[]): FleetRun {
        const script = path.join(repository, "scripts/fleet.sh");
        const child = spawn("bash", [script, ...args, "--stack", "walk"], {
            cwd: folder,
            env: variables,
            stdio: ["ignore", "pipe", "pipe"],
            detached: true,
        });
        return new FleetRun(child);
    }

    /** The driver and all that runs in its process group. */
    kill(): void {
        process.kill(-(this.child.pid as number), "SIGKILL");
    }

    interrupt(): void {
        this.child.kill("SIGINT");
    }
}
