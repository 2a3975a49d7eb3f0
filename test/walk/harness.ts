import * as fc from "fast-check";
import { Model, newModel } from "./model/model";
import { startConfig } from "./model/start";
import { Toolchain, Walker } from "./real/walker";
import { Choice } from "./steps/verb";
import { isDoable, parseSteps, Step, take, textOf, verbs } from "./steps/verbs";

export interface WalkOptions {
    readonly toolchain: Toolchain;
    readonly seed: number;
    /** How many steps in all. */
    readonly steps: number;
    /** Steps of one walk; default 14. A new stack takes longer than a step. */
    readonly length?: number;
    /** How often verbs are taken, beside the others, where not as usual; 0: never. */
    readonly weights?: Readonly<Record<string, number>>;
    /** How long a failing walk may be shortened; it is done again for every try. */
    readonly shrinkSeconds: number;
    readonly say: (line: string) => void;
}

/** The end of a failing walk, told so that it can be done again. */
export class FailedWalk extends Error {
    constructor(
        readonly replay: string,
        readonly reason: string,
    ) {
        super(
            `${reason}\n\nThe steps, shortened as far as time allowed:\n  ${replay}\n` +
                `To do them again: npm run walk -- --replay ${JSON.stringify(replay)}`,
        );
    }
}

export interface WalkReport {
    readonly steps: number;
    readonly seconds: number;
}

const usualLength = 14;
const numbersOfAChoice = 4;

interface World {
    readonly walker: Walker;
    readonly log: Step[];
}

/** One step as fast-check handles it: random numbers, which the model of that moment turns into words. */
class Command implements fc.AsyncCommand<Model, World> {
    constructor(
        private readonly verb: string,
        private readonly numbers: readonly number[],
        private readonly say: (line: string) => void,
    ) {}

    private words(model: Model): Step | undefined {
        const words = verbs[this.verb].choose(model, new Choice(this.numbers));
        const step = words && [this.verb, ...words];
        return step && isDoable(model, step) ? step : undefined;
    }

    check(model: Readonly<Model>): boolean {
        return this.words(model) !== undefined;
    }

    async run(model: Model, { walker, log }: World): Promise<void> {
        const step = this.words(model);
        if (step !== undefined) {
            log.push(step);
            this.say(`  ${textOf([step])}`);
            await take(walker, model, step);
        }
    }

    toString(): string {
        return this.verb;
    }
}

function commandArbitraries({ say, weights = {} }: WalkOptions): fc.Arbitrary<Command>[] {
    const numbers = fc.array(fc.nat(10_000), {
        minLength: numbersOfAChoice,
        maxLength: numbersOfAChoice,
    });
    // fc.commands takes each of its arbitraries as often as any other.
    return Object.entries(verbs).flatMap(([verb, { weight }]) => {
        const one = numbers.map((list) => new Command(verb, list, say));
        const often = weights[verb] ?? Math.max(1, Math.round(weight));
        return Array.from({ length: often }, () => one);
    });
}

/** Begins with a stack, does the steps, and ends with an `up` and a `destroy`. */
async function walk(
    options: Pick<WalkOptions, "toolchain" | "say">,
    start: readonly [number, number],
    steps: (model: Model, world: World) => Promise<void>,
): Promise<readonly Step[]> {
    const walker = await Walker.start(options.toolchain);
    const model = newModel(startConfig(...start));
    const log: Step[] = [];
    const replay = (): string => textOf([["start", ...start.map(String)], ...log]);
    try {
        options.say(`  start ${start.join(" ")}`);
        await walker.up(model);
        await steps(model, { walker, log });
        await walker.up(model);
        await walker.finish(model);
        return log;
    } catch (error) {
        throw new FailedWalk(replay(), (error as Error).message);
    } finally {
        await walker.end();
    }
}

/**
 * Walks until so many steps are done.
 *
 * @throws FailedWalk for the first walk that fails, shortened
 */
export async function walkRandomly(options: WalkOptions): Promise<WalkReport> {
    const began = Date.now();
    let done = 0;
    for (let number = 0; done < options.steps; number++) {
        const seed = options.seed * 1000 + number;
        options.say(`walk ${seed} (${done} of ${options.steps} steps done)`);
        const log = await oneRandomWalk({ ...options, seed }, options.steps - done);
        done += log.length;
    }
    return { steps: done, seconds: (Date.now() - began) / 1000 };
}

async function oneRandomWalk(options: WalkOptions, most: number): Promise<readonly Step[]> {
    let first: readonly Step[] = [];
    let failed: FailedWalk | undefined;
    let failedAt = 0;
    const limit = Math.min(options.length ?? usualLength, most);
    const start = fc.tuple(fc.nat(5), fc.nat(1000));
    const commands = fc.commands(commandArbitraries(options), {
        maxCommands: limit * 8,
        size: "max",
    });
    const property = fc.asyncProperty(start, commands, async (begin, list) => {
        if (failed !== undefined && Date.now() - failedAt > options.shrinkSeconds * 1000) {
            return; // No more time: what is known is short enough.
        }
        try {
            first = await walk(options, begin, async (model, world) => {
                const setup = () => ({ model, real: world });
                await fc.asyncModelRun(setup, limited(list, limit, world.log));
            });
        } catch (error) {
            failed = error as FailedWalk;
            failedAt ||= Date.now();
            options.say(`  FAILED: ${failed.reason}`);
            throw error;
        }
    });
    const { failed: isFailed, errorInstance } = await fc.check(property, {
        seed: options.seed,
        numRuns: 1,
    });
    if (failed !== undefined) {
        throw failed;
    }
    if (isFailed) {
        throw errorInstance;
    }
    return first;
}

/** The commands until so many steps are done: most of a random list cannot be done at their time. */
function* limited<T>(commands: Iterable<T>, limit: number, log: readonly Step[]): Generator<T> {
    for (const command of commands) {
        if (log.length >= limit) {
            return;
        }
        yield command;
    }
}

/** Does the steps of a text again, as a failed walk prints them. */
export async function replay(
    text: string,
    options: Pick<WalkOptions, "toolchain" | "say">,
): Promise<WalkReport> {
    const began = Date.now();
    const [, shape = "0", kinds = "0", rest = ""] =
        /^\s*start (\d+) (\d+);?(.*)$/s.exec(text) ?? [];
    const steps = parseSteps(rest === "" && !/^\s*start/.test(text) ? text : rest);
    const log = await walk(options, [Number(shape), Number(kinds)], async (model, world) => {
        for (const step of steps) {
            if (isDoable(model, step)) {
                world.log.push(step);
                options.say(`  ${textOf([step])}`);
                await take(world.walker, model, step);
            } else {
                options.say(`  ${textOf([step])}: cannot be done now, left out`);
            }
        }
    });
    const seconds = (Date.now() - began) / 1000;
    return { steps: log.length, seconds };
}
