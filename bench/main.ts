/*
 * Measures this program against what people use instead, all on the same emulator and machine.
 * Its options: see scripts/lib/commands.mjs.
 */
import { readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { readArguments } from "../scripts/lib/commands.mjs";
import { endOnSignals, isEnding } from "../scripts/lib/descendants.mjs";
import { Bench } from "./bench";
import { memoryChart, upChart } from "./charts";
import { removeSites } from "./measure/site";
import { fullParts, partNames, partsDivided, partsNamed, quickParts } from "./parts";
import { reportPage } from "./report";
import { Results } from "./results";
import { engineLine } from "../scripts/lib/toolchain";
import { repository, toolchain } from "./toolchain";
import { watchedFigures } from "./targets";

async function main(): Promise<number> {
    const { values } = readArguments("bench");
    const unknown = values.only.filter((name) => !partNames.includes(name));
    if (unknown.length > 0) {
        console.error(
            `bench: --only ${unknown.join(", ")}: must be one of ${partNames.join(", ")}`,
        );
        return 2;
    }
    endOnSignals(removeSites);
    if (!values.report) {
        const { cli, pulumiHome } = toolchain();
        console.log(engineLine(cli, { ...process.env, PULUMI_HOME: pulumiHome }));
    }
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
    (status) => (isEnding() ? undefined : process.exit(status)),
    (error: Error) => {
        if (!isEnding()) {
            console.error(error);
            process.exit(1);
        }
    },
);
