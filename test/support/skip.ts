import { Hook } from "mocha";

/** What a machine may lack. In CI nothing else excuses a test that is skipped. */
export type Lack =
    | "Pulumi CLI"
    | "Azure CLI"
    | "Python"
    | "official azure-native plugin"
    | "OpenSSL"
    | "strongSwan"
    | "Go"
    | "Chromium"
    | "Node.js version";

/** A reason that lies in the machine. */
export interface CannotRunHere {
    readonly lacks: Lack;
    /** Why it is not there, in a few words. */
    readonly why: string;
}

export type SkipReason = string | CannotRunHere;

type Runnable = Mocha.Runnable | Mocha.Suite;

const reasons = new WeakMap<Runnable, SkipReason>();

/**
 * Skips a test, or from a hook all tests of its suite, and keeps the reason for the report. A reason that is only a text
 * counts as a failure in CI.
 */
export function skip(context: Mocha.Context, reason: SkipReason): never {
    const runnable = context.test as Mocha.Runnable;
    reasons.set(runnable instanceof Hook ? (runnable.parent as Mocha.Suite) : runnable, reason);
    return context.skip();
}

/** The reason that `skip` was given for a test or for a suite around it. */
export function skipReason(test: Mocha.Test): SkipReason | undefined {
    let runnable: Runnable | undefined = test;
    while (runnable !== undefined && !reasons.has(runnable)) {
        runnable = runnable.parent;
    }
    return runnable && reasons.get(runnable);
}
