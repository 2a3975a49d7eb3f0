import { requirePulumi } from "../support/tools";
import { walkRandomly } from "../walk/harness";

/**
 * Several changes for each `up`, one stack for all, no fleets and no random faults, which take longest; with them, and for
 * longer: `npm run walk -- --steps N --seed S`.
 */
const weights = {
    up: 3,
    "up-killed": 1,
    "up-interrupted": 1,
    "up-target": 1,
    "up-replace": 1,
    "up-faulty": 0,
    shards: 0,
};

describe("a walk through all settings", function () {
    this.timeout(1_800_000);

    it("finds each state as configured, in 40 steps", async function () {
        const toolchain = requirePulumi(this);
        const lines: string[] = [];
        const say = (line: string): void => void lines.push(line);
        const walks = { seed: 1, steps: 40, length: 40, shrinkSeconds: 240 };
        try {
            await walkRandomly({ toolchain, ...walks, weights, say });
        } catch (error) {
            console.log(lines.map((line) => `      ${line}`).join("\n"));
            throw error;
        }
    });
});
