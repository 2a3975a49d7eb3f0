/*
 * The figures that the README quotes, on one emulator:
 *
 *   npm run load                     1,000 devices connect at once and send 10 messages each
 *   npm run load -- registrations    1,000 devices register through one enrollment group
 *
 * What it takes to list devices in the configuration is measured by `npm run bench`.
 */
import { runLoad } from "./fleet";
import { runRegistrations } from "./registrations";

const devices = 1000;
const concurrency = 50;

const runs: Readonly<Record<string, () => Promise<object>>> = {
    connections: () => runLoad({ devices, messagesPerDevice: 10, concurrency }),
    registrations: () => runRegistrations(devices, concurrency),
};

async function main(): Promise<void> {
    const name = process.argv[2] ?? "connections";
    const run = runs[name];
    if (run === undefined) {
        throw new Error(`load: "${name}" is none of ${Object.keys(runs).join(", ")}`);
    }
    for (const [figure, value] of Object.entries(await run())) {
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
