import { ChildProcess, fork } from "child_process";
import * as path from "path";
import { Values } from "./inProcessResource";

/** What the child is told. */
export interface Command {
    readonly command: "up" | "destroy";
    readonly stack: string;
}

/** What the child has done. */
export interface Answer {
    readonly outputs: Values;
    /** How many resources were made or deleted; components do not count. */
    readonly count: number;
}

/**
 * The program of a project folder without the Pulumi CLI, in a process of its own: it keeps in memory what an engine keeps
 * in the state, so it can make a stack once and delete it, and neither preview nor change it.
 */
export class InProcessStack {
    private readonly child: ChildProcess;

    /**
     * @param folder with Pulumi.yaml, Pulumi.<stack>.yaml and the program
     * @param environment of the emulator
     */
    constructor(
        folder: string,
        private readonly name: string,
        environment: NodeJS.ProcessEnv,
    ) {
        this.child = fork(path.join(__dirname, "inProcessProgram.ts"), {
            cwd: folder,
            env: environment,
            execArgv: ["-r", "ts-node/register/transpile-only"],
        });
    }

    /** @throws Error with the program's or a provider's words; what was made until then stays */
    up(): Promise<Answer> {
        return this.tell("up");
    }

    destroy(): Promise<Answer> {
        return this.tell("destroy");
    }

    stop(): void {
        this.child.kill();
    }

    private tell(command: Command["command"]): Promise<Answer> {
        return new Promise((resolve, reject) => {
            const ended = (code: number | null) =>
                reject(new Error(`the program's process exited with status ${code}`));
            this.child.once("exit", ended);
            this.child.once("message", (answer: Answer | { readonly error: string }) => {
                this.child.off("exit", ended);
                if ("error" in answer) {
                    reject(new Error(answer.error));
                } else {
                    resolve(answer);
                }
            });
            const order: Command = { command, stack: this.name };
            this.child.send(order, (error) => (error === null ? undefined : reject(error)));
        });
    }
}
