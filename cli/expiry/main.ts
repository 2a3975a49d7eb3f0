/*
 * Finds certificates that expire soon, and missed renewals. For options see scripts/lib/commands.mjs.
 */
import { readArguments } from "../../scripts/lib/commands.mjs";
import { counted } from "../fleet/counted";
import { readInventory } from "../inventory/readInventory";
import { inventoryTable } from "../inventory/text";
import { readCommand } from "../readCommand";
import { bandText } from "./alert";
import { Expiring, expiring, expiryRules } from "./bands";
import { Memory } from "./memory";
import { notify } from "./notify";

const statuses = { none: 0, failed: 1, some: 3 };

async function main(): Promise<number> {
    const { values } = readArguments("expiry");
    const memory = values.memory === undefined ? undefined : Memory.read(values.memory);
    const now = new Date();
    const inventory = await readInventory(values, now);
    const rules = expiryRules(
        inventory.settings,
        values.days?.split(",").map(Number),
        values.grace === undefined ? undefined : Number(values.grace),
    );
    const found = expiring(inventory.rows, rules);
    const unknown = inventory.rows.filter(({ notAfter }) => notAfter === null).length;
    if (values.json) {
        const { stack, hub } = inventory;
        const certificates = found.map(({ row, band }) => ({ band, ...row }));
        const report = { version: 1, stack, hub, at: now.toISOString(), unknown, certificates };
        console.log(JSON.stringify(report, undefined, 2));
    } else {
        console.log(lines(found, unknown, rules.days).join("\n"));
    }
    const say = (line: string) => console.error(line);
    const { problems } =
        memory === undefined
            ? { problems: [] }
            : await notify(inventory, found, rules.days, values.notify, memory, now, say);
    problems.forEach((problem) => console.error(`error: ${problem}`));
    if (problems.length > 0) {
        return statuses.failed;
    }
    return found.length > 0 ? statuses.some : statuses.none;
}

function lines(found: readonly Expiring[], unknown: number, days: readonly number[]): string[] {
    const bands = [0, ...[...days].sort((one, other) => one - other)];
    const rest = unknown === 0 ? [] : [`${counted(unknown, "certificate")} whose end is unknown`];
    if (found.length === 0) {
        return ["no certificate is in a band", ...rest];
    }
    return [
        ...bands.flatMap((band) => {
            const rows = found.filter((one) => one.band === band).map(({ row }) => row);
            return rows.length === 0
                ? []
                : [
                      `${counted(rows.length, "certificate")} ${bandText(band, rows.length)}`,
                      ...inventoryTable(rows),
                  ];
        }),
        ...rest,
    ];
}

readCommand.run(main);
