/*
 * Shows where the rollover of each group's CA stands, and what to do next. For options see scripts/lib/commands.mjs.
 */
import { readArguments } from "../../scripts/lib/commands.mjs";
import { HeldFleet } from "../diff/heldFleet";
import { readHoldings } from "../inventory/readInventory";
import { readCommand } from "../readCommand";
import { StackFileError } from "../stackFiles/planConfig";
import { waiting } from "./groupRollover";
import { rollovers } from "./rollover";
import { rolloverLines } from "./text";

const statuses = { ready: 0, waiting: 3 };

async function main(): Promise<number> {
    const { values } = readArguments("rollover");
    const now = new Date();
    const { stack, settings, resources, azure } = await readHoldings(values);
    const names = settings.groups.map(({ name }) => name);
    if (values.group !== undefined && !names.includes(values.group)) {
        throw new StackFileError(
            `--group ${JSON.stringify(values.group)}: must be a group of the stack ${stack}: ${names.join(", ")}`,
        );
    }
    const fleet = new HeldFleet(resources, stack);
    const groups = rollovers(settings, fleet, azure, now).filter(
        ({ group }) => values.group === undefined || group === values.group,
    );
    if (values.json) {
        console.log(
            JSON.stringify({ version: 1, stack, at: now.toISOString(), groups }, undefined, 2),
        );
    } else {
        console.log(rolloverLines(groups, azure !== undefined).join("\n"));
    }
    const isWaiting = groups.some(
        ({ isBlocked, earlier }) => !isBlocked && earlier.some((one) => waiting(one).length > 0),
    );
    return isWaiting ? statuses.waiting : statuses.ready;
}

readCommand.run(main);
