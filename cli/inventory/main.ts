/*
 * Shows who holds which certificate, and how that is known. For options see scripts/lib/commands.mjs.
 */
import { readArguments } from "../../scripts/lib/commands.mjs";
import { readCommand } from "../readCommand";
import { csv } from "./csv";
import { countsOf, matches } from "./filter";
import { readInventory } from "./readInventory";
import { inventoryLines } from "./text";

async function main(): Promise<number> {
    const { values } = readArguments("inventory");
    const now = new Date();
    const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
    const { stack, hub, rows } = await readInventory(values, now);
    const filter = {
        expiring: number(values.expiring),
        group: values.group,
        generation: number(values.generation),
    };
    const wanted = rows.filter((row) => matches(filter, row));
    const counts = countsOf(wanted);
    if (values.csv) {
        process.stdout.write(csv(wanted));
    } else if (values.json) {
        const inventory = { version: 1, stack, hub, at: now.toISOString(), counts, rows: wanted };
        console.log(JSON.stringify(inventory, undefined, 2));
    } else {
        console.log(`Inventory of ${stack}${hub === null ? " (never deployed)" : `, hub ${hub}`}`);
        console.log(inventoryLines(wanted, counts).join("\n"));
    }
    return 0;
}

readCommand.run(main);
