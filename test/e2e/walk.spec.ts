import { walkRandomly } from "../walk/harness";
import { requirePulumi } from "../support/tools";

/** Walks with fixed seeds; longer ones: `npm run walk -- --steps N --seed S`. */
describe("a walk through all settings", function () {
    this.timeout(1_800_000);

    it("finds each state as the configuration says, in 40 steps", async function () {
        const toolchain = requirePulumi(this);
        const lines: string[] = [];
        const say = (line: string): void => void lines.push(line);
        try {
            const { met } = await walkRandomly({
                toolchain,
                seed: 1,
                steps: 40,
                shrinkSeconds: 120,
                say,
            });
            met.forEach((one) => console.log(`      known gap: ${one}`));
        } catch (error) {
            console.log(lines.map((line) => `      ${line}`).join("\n"));
            throw error;
        }
    });
});
