/*
 * Measures this program against what people use instead, all on the same emulator and machine:
 *
 *   npm run bench                    everything, about an hour; writes docs/bench.md, its charts and docs/bench.json
 *   npm run bench -- --quick         200 devices and two peers, a few minutes; writes nothing to docs
 *   npm run bench -- --only NAME     contenders (ours, fleet, naive …) or trials (throttled, faults); may be repeated;
 *                                    writes nothing to docs
 *   npm run bench -- --divide N      fleets of an Nth of the size, to try the bench itself; writes nothing to docs
 *   npm run bench -- --continue      goes on with a run that was interrupted
 *   npm run bench -- --report        writes docs/bench.md and its charts anew from docs/bench.json
 *
 * Progress goes to standard error. The last line of standard output is one JSON object with the figures that are watched.
 */
import { readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { parseArgs } from "util";
import { Bench } from "./bench";
import { memoryChart, upChart } from "./charts";
import { fullParts, partsDivided, partsNamed, quickParts } from "./parts";
import { reportPage } from "./report";
import { Results } from "./results";
import { repository } from "./toolchain";
import { watchedFigures } from "./targets";

async function main(): Promise<number> {
    const { values } = parseArgs({
        options: {
            quick: { type: "boolean", default: false },
            only: { type: "string", multiple: true, default: [] },
            divide: { type: "string", default: "1" },
            continue: { type: "boolean", default: false },
            report: { type: "boolean", default: false },
        },
    });
    const isWhole = !values.quick && values.only.length === 0 && values.divide === "1";
    const parts = partsNamed(values.quick ? quickParts : fullParts, values.only);
    const folder = path.join(repository, isWhole ? "docs" : ".local");
    const file = path.join(folder, "bench.json");
    const results = values.report
        ? (JSON.parse(readFileSync(file, "utf8")) as Results)
        : await (values.continue ? Bench.resume(file) : Bench.begin(file)).run(
              partsDivided(parts, Number(values.divide)),
          );
    if (isWhole) {
        writeFileSync(path.join(folder, "bench.md"), reportPage(results));
        writeFileSync(path.join(folder, "bench.svg"), upChart(results, "ECDSA-P256"));
        writeFileSync(path.join(folder, "bench-rsa.svg"), upChart(results, "RSA-2048"));
        writeFileSync(path.join(folder, "bench-memory.svg"), memoryChart(results));
    } else {
        console.log(reportPage(results));
    }
    console.log(JSON.stringify(watchedFigures(results)));
    return results.failures.length === 0 ? 0 : 1;
}

main().then(
    (status) => process.exit(status),
    (error: Error) => {
        console.error(error);
        process.exit(1);
    },
);
