/*
 * Writes who holds which certificate as one HTML file. For options see scripts/lib/commands.mjs.
 */
import { report } from "../../report-page/report";
import { readArguments } from "../../scripts/lib/commands.mjs";
import { counted } from "../fleet/counted";
import { countsOf } from "../inventory/filter";
import { readInventory } from "../inventory/readInventory";
import { readCommand } from "../readCommand";
import { writeRequestedFile } from "../requestedFile";
import { rolloversOf } from "./rollovers";

async function main(): Promise<number> {
    const { values } = readArguments("report");
    const now = new Date();
    const { stack, hub, settings, rows } = await readInventory(values, now);
    const text = report({
        of: `stack ${stack}`,
        hub,
        at: now.toISOString(),
        rollovers: rolloversOf(settings),
        rows,
    });
    const file = values.output ?? `report-${stack}.html`;
    writeRequestedFile(file, text);
    const { certificates, devices } = countsOf(rows);
    console.log(`${file}: ${counted(certificates, "certificate")}, ${counted(devices, "device")}`);
    return 0;
}

readCommand.run(main);
