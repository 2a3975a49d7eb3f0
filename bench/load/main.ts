/*
 * The figures in docs/figures.md, on one emulator. Its arguments: see scripts/lib/commands.mjs.
 *
 * What it takes to list devices in the configuration is measured by `npm run bench`.
 */
import { readArguments } from "../../scripts/lib/commands.mjs";
import { runEnrolments } from "./enrolments";
import { runLoad } from "./fleet";
import { runRegistrations } from "./registrations";
import { runYear } from "./year";

const devices = 1000;
const concurrency = 50;

type Options = ReturnType<typeof readArguments<"load">>["values"];

const runs: Readonly<Record<string, (options: Options) => Promise<object>>> = {
    connections: () => runLoad({ devices, messagesPerDevice: 10, concurrency }),
    enrolments: (options) => runEnrolments(Number(options.devices ?? 10_000), concurrency),
    registrations: () => runRegistrations(devices, concurrency),
    year: (options) => runYear(Number(options.devices ?? 100), Number(options.days)),
};

async function main(): Promise<void> {
    const { positionals, values } = readArguments("load");
    const [name = "connections"] = positionals;
    for (const [figure, value] of Object.entries(await runs[name](values))) {
        process.stdout.write(`${figure}: ${Math.round(Number(value) * 10) / 10}\n`);
    }
}

main().then(
    () => process.exit(0),
    (error: Error) => {
        process.stderr.write(`${error.stack}\n`);
        process.exit(1);
    },
);
