import { ConfigurationError } from "../stacks/config";
import { Fleet } from "./fleet/fleet";
import { CliError } from "./fleet/pulumiCli";
import { StackFileError } from "./stackFiles/planConfig";

const statuses = { failed: 1, interrupted: 130 };

let stopped = false;

/** What commands that only read have in common. */
export const readCommand = {
    /** They change nothing, so that nothing is lost by ending them. */
    endsOnSignals(fleet: Fleet): void {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
            process.on(signal, () => {
                fleet[stopped ? "kill" : "stop"]();
                stopped = true;
            });
        }
    },

    /** Runs the command; what a user can mend is one line, without a stack trace. */
    run(main: () => Promise<number>): void {
        main().then(
            (status) => process.exit(stopped ? statuses.interrupted : status),
            (error: Error) => {
                const isUsers =
                    error instanceof ConfigurationError ||
                    error instanceof StackFileError ||
                    error instanceof CliError;
                console.error(isUsers ? `error: ${error.message}` : error);
                process.exit(stopped ? statuses.interrupted : statuses.failed);
            },
        );
    },
};
