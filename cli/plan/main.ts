/*
 * Predicts what a stack's configuration will cost, from its files only: no Azure, no Pulumi CLI, no login, no passphrase.
 * For options see scripts/lib/commands.mjs.
 */
import { availableParallelism } from "os";
import { ConfigurationError } from "../../stacks/config";
import { readArguments } from "../../scripts/lib/commands.mjs";
import { planFleet } from "./plan";
import { chosenStack, fleetStackError, readStack, StackFileError } from "../stackFiles/planConfig";
import { planLines } from "./planReport";

function main(): void {
    const { values } = readArguments("plan");
    const folder = process.cwd();
    const { stack, why } = chosenStack(folder, values.stack);
    const overrides = values.shards === undefined ? {} : { shards: values.shards };
    const { settings, unread, bytes } = readStack(folder, stack, overrides, {
        onWarning: (text) => console.error(`warning: ${text}`),
    });
    if (settings.shard !== undefined) {
        throw fleetStackError(stack, settings.shard.of);
    }
    const plan = planFleet(settings, {
        cores: availableParallelism(),
        stack,
        configurationBytes: bytes,
    });
    if (values.json) {
        console.log(JSON.stringify({ stack, unread, ...plan }, undefined, 2));
        return;
    }
    console.log(`Plan of stack ${stack} (${why})`);
    if (unread.length > 0) {
        console.log(`Encrypted, so treated as not set: ${unread.join(", ")}`);
    }
    console.log(planLines(plan).join("\n"));
}

try {
    main();
} catch (error) {
    if (error instanceof ConfigurationError || error instanceof StackFileError) {
        console.error(`error: ${error.message}`);
        process.exitCode = 1;
    } else {
        throw error;
    }
}
