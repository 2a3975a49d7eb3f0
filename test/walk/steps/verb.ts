import { WalkConfig } from "../model/config";
import { effective } from "../model/effective";
import { lostDevice, Model } from "../model/model";
import { isValid, mayFollow } from "../model/valid";
import type { Walker } from "../real/walker";

/** Chooses from lists by the numbers that fast-check made up, so that a step is the same in every replay. */
export class Choice {
    private next = 0;

    constructor(private readonly numbers: readonly number[]) {}

    /** Undefined when there is nothing to choose from. */
    of<T>(items: readonly T[]): T | undefined {
        const number = this.numbers[this.next++ % this.numbers.length];
        return items[number % items.length];
    }
}

/** A kind of step. Its words, e.g. `rotate a`, say all that is needed to do it again. */
export interface Verb {
    /** How often it is taken, beside the others. */
    readonly weight: number;
    /** Words after the verb for a random choice; undefined: there is nothing to do it with. */
    readonly choose: (model: Model, choice: Choice) => readonly string[] | undefined;
    /** Changes the settings; what comes out and is not valid, or the same as before, is not done. */
    readonly edit?: (config: WalkConfig, words: readonly string[], model: Model) => void;
    /** Whether it makes sense now; beside what `edit` comes to. */
    readonly isPossible?: (model: Model, words: readonly string[]) => boolean;
    readonly run?: (walker: Walker, model: Model, words: readonly string[]) => Promise<void>;
}

/** The settings after an edit; undefined when it cannot be made. */
export function edited(verb: Verb, model: Model, words: readonly string[]): WalkConfig | undefined {
    if (model.forgotten[0] === "VerifiedCertificate") {
        return undefined; // Signed anew, the CA would leave its former certificate on the hub, nobody's.
    }
    const config = structuredClone(model.config);
    verb.edit?.(config, words, model);
    const isChanged = JSON.stringify(config) !== JSON.stringify(model.config);
    const before = [model.applied, ...model.attempted].filter((one) => one !== undefined);
    return isChanged && isValid(config) && mayFollow(before, config) && !losesUnseen(model, config)
        ? config
        : undefined;
}

/** Whether a device is lost that its provisioning service registers: nothing tells it from those that the settings never had. */
function losesUnseen(model: Model, config: WalkConfig): boolean {
    const lost = lostDevice({ ...model, config });
    const before = effective(model.applied ?? config).devices.find(({ id }) => id === lost);
    return before?.group?.provisioning === "dps";
}

export function canDo(verb: Verb, model: Model, words: readonly string[]): boolean {
    return (
        (verb.isPossible?.(model, words) ?? true) &&
        (verb.edit === undefined || edited(verb, model, words) !== undefined)
    );
}

/** What is protected is neither deleted nor replaced: the engine refuses the run. */
export function isUnprotected({ applied, attempted }: Model): boolean {
    return [applied, ...attempted].every((one) => one?.protect !== true);
}

/** Whether the offline root has signed, so that what its signatures say must not change. */
export function hasOfflineSignatures({ pki }: WalkConfig): boolean {
    return pki.root.keys === "offline";
}
