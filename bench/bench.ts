import { readFileSync, writeFileSync } from "fs";
import { describeMachine } from "./measure/machine";
import { measurePoint } from "./measure/point";
import { Parts, Series } from "./parts";
import { pointOf, Results, seriesOf } from "./results";
import { expectedSeconds } from "./series";
import { repository } from "./toolchain";
import { faultTrial } from "./trials/faults";
import { throttleTrial } from "./trials/throttle";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Measures part after part. What is there is written after each step, so that an interruption loses nothing. */
export class Bench {
    private readonly began = Date.now();
    private readonly minutesBefore: number;

    private constructor(
        private readonly file: string,
        private readonly results: Mutable<Results>,
    ) {
        this.minutesBefore = results.minutes;
    }

    /** @param file for the raw results, JSON */
    static begin(file: string): Bench {
        const machine = describeMachine();
        return new Bench(file, { machine, points: [], stops: [], failures: [], minutes: 0 });
    }

    /** Goes on with a run that was interrupted: what its file has is not measured again. */
    static resume(file: string): Bench {
        const before = JSON.parse(readFileSync(file, "utf8")) as Results;
        return new Bench(file, { ...before, stops: [], failures: [] });
    }

    async run({ series, throttled, faults }: Parts): Promise<Results> {
        if (throttled !== undefined && this.results.throttle === undefined) {
            await this.step(`throttled hub, ${throttled} devices`, async (say) => {
                this.results.throttle = await throttleTrial(throttled, say);
            });
        }
        if (faults !== undefined && this.results.faults === undefined) {
            await this.step(`failing registry, ${faults.devices} devices`, async (say) => {
                this.results.faults = await faultTrial(faults.devices, faults.rate, say);
            });
        }
        for (const one of series) {
            await this.measure(one);
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
        for (const devices of sizes) {
            if (pointOf(this.results, contender.name, devices, key) !== undefined) {
                continue;
            }
            const before = seriesOf(this.results, contender.name, key)
                .filter((point) => point.devices < devices)
                .map((point) => ({ devices: point.devices, seconds: point.up.seconds }));
            const expected = expectedSeconds(before, devices);
            if (expected !== undefined && expected > mostSeconds) {
                const stop = { contender: contender.name, key, devices, expectedSeconds: expected };
                this.results.stops = [...this.results.stops, stop];
                continue;
            }
            await this.step(`${contender.name}, ${devices} devices, ${key}`, async (say) => {
                const request = { contender, key, devices, operations, say };
                const point = await measurePoint(request);
                this.results.points = [...this.results.points, point];
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
            this.results.failures = [...this.results.failures, { step: title, error: message }];
        }
        this.results.minutes = this.minutesBefore + (Date.now() - this.began) / 60_000;
        writeFileSync(this.file, JSON.stringify(this.results, undefined, 2) + "\n");
    }
}
