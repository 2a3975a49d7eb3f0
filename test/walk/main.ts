/*
 * Walks a stack through random changes of all its settings: npm run walk -- [--steps N] [--seed S] [--replay "STEPS"]
 *
 *   --steps    how many steps; default 100
 *   --seed     of the random numbers; default: the time
 *   --shrink   seconds for shortening a walk that failed; default 900
 *   --replay   the steps of a failed walk, as it printed them
 */
import { parseArgs } from "util";
import { endOnSignals } from "../../scripts/lib/descendants.mjs";
import { readToolchain } from "../../scripts/lib/toolchain";
import { removeFolders } from "./real/walker";
import { FailedWalk, replay, walkRandomly } from "./harness";

async function main(): Promise<number> {
    endOnSignals(removeFolders);
    const { values } = parseArgs({
        options: {
            steps: { type: "string", default: "100" },
            seed: { type: "string", default: String(Math.floor(Date.now() / 1000) % 100_000) },
            shrink: { type: "string", default: "900" },
            replay: { type: "string" },
        },
    });
    const toolchain = readToolchain();
    if (toolchain.cli === null) {
        throw new Error(toolchain.description);
    }
    const say = (line: string): void => console.log(line);
    const [seed, steps, shrinkSeconds] = [values.seed, values.steps, values.shrink].map(Number);
    const report =
        values.replay === undefined
            ? await walkRandomly({ toolchain, seed, steps, shrinkSeconds, say })
            : await replay(values.replay, { toolchain, say });
    const { seconds } = report;
    say(`${report.steps} steps in ${seconds.toFixed(0)} s, seed ${seed}: nothing found`);
    return 0;
}

main().then(
    (status) => process.exit(status),
    (error: Error) => {
        console.error(error instanceof FailedWalk ? `walk failed:\n${error.message}` : error);
        process.exit(1);
    },
);
