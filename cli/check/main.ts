/*
 * Finds what would make a first `up` of a stack fail: asks Azure with read-only calls, using the same login as azure-native
 * and the program. For options see scripts/lib/commands.mjs, for findings docs/check.md.
 */
import { ConfigurationError } from "../../stacks/config";
import { CheckFinding, runChecks } from "./checks";
import { openContext } from "./context";
import { checkReport, exitStatus, reportLines } from "./report";
import { readArguments } from "../../scripts/lib/commands.mjs";
import { chosenStack, fleetStackError, readStack, StackFileError } from "../stackFiles/planConfig";

async function main(): Promise<void> {
    const { values } = readArguments("check");
    const folder = process.cwd();
    const { stack, why } = chosenStack(folder, values.stack);
    const configuration = readStack(
        folder,
        stack,
        {},
        { onWarning: (text) => console.error(`warning: ${text}`) },
    );
    if (configuration.settings.shard !== undefined) {
        throw fleetStackError(stack, configuration.settings.shard.of);
    }
    const { finding, context } = await openContext(configuration);
    const login: CheckFinding = { check: "login", ...finding };
    const report = checkReport(stack, [
        login,
        ...(context === undefined ? [] : await runChecks(context)),
    ]);
    process.exitCode = exitStatus(report);
    if (values.json) {
        console.log(JSON.stringify(report, undefined, 2));
        return;
    }
    console.log(`Check of stack ${stack} (${why})`);
    console.log(reportLines(report).join("\n"));
}

main().catch((error: unknown) => {
    if (error instanceof ConfigurationError || error instanceof StackFileError) {
        console.error(`error: ${error.message}`);
        process.exitCode = 1;
        return;
    }
    throw error;
});
