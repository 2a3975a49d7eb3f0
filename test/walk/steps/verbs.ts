import { Model } from "../model/model";
import { deviceSteps } from "./deviceSteps";
import { groupSteps } from "./groupSteps";
import { handSteps } from "./handSteps";
import { platformSteps } from "./platformSteps";
import { runSteps } from "./runSteps";
import { settingSteps } from "./settingSteps";
import { canDo, edited, Verb } from "./verb";
import type { Walker } from "../real/walker";

/** All kinds of step, by their first word. */
export const verbs: Readonly<Record<string, Verb>> = {
    ...settingSteps,
    ...groupSteps,
    ...deviceSteps,
    ...platformSteps,
    ...runSteps,
    ...handSteps,
};

/** A step in words: the verb, then what it is done with. */
export type Step = readonly string[];

/** `set hub.units 2; up`; words that have spaces stand in single quotes. */
export function textOf(steps: readonly Step[]): string {
    return steps
        .map((step) => step.map((word) => (/[\s;']/.test(word) ? `'${word}'` : word)).join(" "))
        .join("; ");
}

/** @throws Error naming the first word that is no step */
export function parseSteps(text: string): Step[] {
    const words = [...text.matchAll(/'([^']*)'|;|[^\s;']+/g)].map(([all, quoted]) => quoted ?? all);
    const steps: string[][] = [[]];
    for (const word of words) {
        if (word === ";") {
            steps.push([]);
        } else {
            steps[steps.length - 1].push(word);
        }
    }
    const given = steps.filter((step) => step.length > 0);
    const unknown = given.find(([verb]) => !(verb in verbs));
    if (unknown !== undefined) {
        const known = Object.keys(verbs).join(", ");
        throw new Error(`"${unknown[0]}" is no step — steps are ${known}`);
    }
    return given;
}

/** Whether a step can be done now. A shrunk or replayed walk may have lost what it stands on. */
export function isDoable(model: Model, [verb, ...words]: Step): boolean {
    return canDo(verbs[verb], model, words);
}

export async function take(walker: Walker, model: Model, [name, ...words]: Step): Promise<void> {
    const verb = verbs[name];
    const config = edited(verb, model, words);
    // Before the settings change: `sign` reads what awaits a signature.
    await verb.run?.(walker, model, words);
    if (verb.edit !== undefined && config !== undefined) {
        model.config = config;
    }
}
