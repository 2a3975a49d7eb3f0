import { writeFileSync } from "fs";
import { describeMachine } from "./measure/machine";
import { measurePoint } from "./measure/point";
import { Parts, Series } from "./parts";
import { Results } from "./results";
import { expectedSeconds, Timed } from "./series";
import { repository } from "./toolchain";
import { faultTrial } from "./trials/faults";
import { throttleTrial } from "./trials/throttle";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Measures part after part. What is there is written after each step, so that an interruption loses nothing. */
export class Bench {
    private readonly began = Date.now();
    private readonly results = {
        machine: describeMachine(),
        points: [] as Mutable<Results["points"]>[number][],
        stops: [] as Mutable<Results["stops"]>[number][],
        failures: [] as Mutable<Results["failures"]>[number][],
        minutes: 0,
    } as Mutable<Results> & {
        points: Results["points"][number][];
        stops: Results["stops"][number][];
        failures: Results["failures"][number][];
    };

    /** @param file for the raw results, JSON */
    constructor(private readonly file: string) {}

    async run({ series, throttled, faults }: Parts): Promise<Results> {
        for (const one of series) {
            await this.measure(one);
        }
        if (throttled !== undefined) {
            await this.step(`throttled hub, ${throttled} devices`, async (say) => {
                this.results.throttle = await throttleTrial(throttled, say);
            });
        }
        if (faults !== undefined) {
            await this.step(`failing registry, ${faults.devices} devices`, async (say) => {
                this.results.faults = await faultTrial(faults.devices, faults.rate, say);
            });
        }
        return this.results;
    }

    private async measure({
        contender,
        key,
        sizes,
        operations,
        mostSeconds,
    }: Series): Promise<void> {
        const before: Timed[] = [];
        for (const devices of sizes) {
            const expected = expectedSeconds(before, devices);
            if (expected !== undefined && expected > mostSeconds) {
                this.results.stops.push({
                    contender: contender.name,
                    key,
                    devices,
                    expectedSeconds: expected,
                });
                continue;
            }
            await this.step(`${contender.name}, ${devices} devices, ${key}`, async (say) => {
                const request = { contender, key, devices, operations, say };
                const point = await measurePoint(request);
                this.results.points.push(point);
                before.push({ devices, seconds: point.up.seconds });
            });
        }
    }

    /** A step that fails is noted, and the others still run. */
    private async step(
        title: string,
        work: (say: (text: string) => void) => Promise<void>,
    ): Promise<void> {
        const say = (text: string): void => void process.stderr.write(`${title}: ${text}\n`);
        try {
            await work(say);
        } catch (error) {
            // It goes into the docs, where this machine's folders mean nothing.
            const message = (error as Error).message.replaceAll(repository, ".");
            say(`FAILED: ${message}`);
            this.results.failures.push({ step: title, error: message });
        }
        this.results.minutes = (Date.now() - this.began) / 60_000;
        writeFileSync(this.file, JSON.stringify(this.results, undefined, 2) + "\n");
    }
}
