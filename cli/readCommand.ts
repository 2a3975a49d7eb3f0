import { ConfigurationError } from "../stacks/config";
import { Fleet } from "./fleet/fleet";
import { CliError } from "./fleet/pulumiCli";
import { StackFileError } from "./stackFiles/planConfig";

const statuses = { failed: 1, interrupted: 130 };

let stopped = false;

/** Common to all commands that only read. */
export const readCommand = {
    /** Ends the command on a signal; that is safe, because it changes nothing. */
    endsOnSignals(fleet: Fleet): void {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
            process.on(signal, () => {
                fleet[stopped ? "kill" : "stop"]();
                stopped = true;
            });
        }
    },

    /** Runs the command; errors that a user can fix are printed as one line, without a stack trace. */
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
