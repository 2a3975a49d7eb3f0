import * as pulumi from "@pulumi/pulumi";
import { exactNamePattern, prefixPattern, regionPattern } from "./resourceNames";
import { knownValue } from "./knownValue";

/** What an argument has to be. */
export interface Rule<T> {
    readonly holds: (value: T) => boolean;
    /** Completes "must be …", with the remedy where the rule does not say it. */
    readonly text: string;
}

/**
 * Checks the arguments of a component and reports every problem in one {@link pulumi.InputPropertiesError}: those of plain
 * values together, before any child is declared ({@link done}); those of outputs together, when their values are known. An
 * output that a preview does not know yet is checked by the update. The value of a secret is never part of the report.
 */
export class ArgumentChecks {
    private readonly problems: pulumi.InputPropertyErrorDetails[] = [];
    private readonly pending: Promise<void>[] = [];
    private failure: Promise<Error> | undefined;

    /** @param component as the report names it, e.g. `Hub "iot"` */
    constructor(private readonly component: string) {}

    /** A value that has to be known when the component is constructed; an absent one is not checked. */
    plain<T>(path: string, value: T | undefined, rule: Rule<T>): void {
        if (value !== undefined && !rule.holds(value)) {
            this.problems.push(problem(path, value, rule));
        }
    }

    /** A rule that concerns several arguments or a secret one: the report shows no value. */
    that(path: string, holds: boolean, reason: string): void {
        if (!holds) {
            this.problems.push({ propertyPath: path, reason });
        }
    }

    /**
     * The argument to pass on: a plain value as it is, an output that fails when its value breaks the rule. An absent one
     * is not checked.
     */
    input<T>(path: string, value: pulumi.Input<T>, rule: Rule<T>): pulumi.Input<T>;
    input<T>(
        path: string,
        value: pulumi.Input<T> | undefined,
        rule: Rule<T>,
    ): pulumi.Input<T> | undefined;
    input<T>(
        path: string,
        value: pulumi.Input<T> | undefined,
        rule: Rule<T>,
    ): pulumi.Input<T> | undefined {
        if (value === undefined || !isPending(value)) {
            this.plain(path, value, rule as Rule<unknown>);
            return value;
        }
        const output = pulumi.output(value) as pulumi.Output<T>;
        // An output that fails is reported by whoever uses it.
        this.pending.push(this.check(path, output, rule).catch(() => undefined));
        return output.apply(async (known) => {
            if (!rule.holds(known as T)) {
                throw await this.pendingFailure();
            }
            return known as T;
        }) as pulumi.Output<T>;
    }

    /** @throws pulumi.InputPropertiesError with every problem of the plain values */
    done(): void {
        if (this.problems.length > 0) {
            throw this.error();
        }
    }

    private async check<T>(path: string, output: pulumi.Output<T>, rule: Rule<T>): Promise<void> {
        const value = await knownValue(output);
        if (value !== undefined && !rule.holds(value)) {
            const isSecret = await pulumi.isSecret(output);
            this.problems.push(problem(path, isSecret ? undefined : value, rule));
        }
    }

    /** The same error for every output that breaks its rule, so that it is shown once. */
    private pendingFailure(): Promise<Error> {
        this.failure ??= Promise.all(this.pending).then(() => this.error());
        return this.failure;
    }

    private error(): pulumi.InputPropertiesError {
        const errors = [...this.problems].sort((one, other) =>
            one.propertyPath < other.propertyPath ? -1 : 1,
        );
        const lines = errors.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
        return new pulumi.InputPropertiesError({
            message: [`Invalid arguments of ${this.component}:`, ...lines].join("\n"),
            errors,
        });
    }
}

/** Applies `convert` to a value at once, or to an output when it is known. */
export function converted<T, U>(
    value: pulumi.Input<T>,
    convert: (known: T) => U,
): U | pulumi.Output<U> {
    return isPending(value)
        ? (pulumi.output(value).apply((known) => convert(known as T)) as pulumi.Output<U>)
        : convert(value);
}

function isPending<T>(value: pulumi.Input<T>): value is Promise<T> | pulumi.OutputInstance<T> {
    return pulumi.Output.isInstance(value) || value instanceof Promise;
}

function problem<T>(
    propertyPath: string,
    value: T | undefined,
    { text }: Rule<T>,
): pulumi.InputPropertyErrorDetails {
    const shown = value === undefined ? "" : `${JSON.stringify(value)} `;
    return { propertyPath, reason: `${shown}must be ${text}` };
}

/** A text that matches a pattern. */
export function matching(pattern: RegExp, text: string): Rule<string> {
    return { holds: (value) => typeof value === "string" && pattern.test(value), text };
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number, unit = ""): Rule<number> {
    return {
        holds: (value) => Number.isInteger(value) && value >= min && value <= max,
        text: `a whole number from ${min} to ${max}${unit === "" ? "" : ` (${unit})`}`,
    };
}

/** One of the named values. */
export function oneOf<T extends string>(values: readonly T[]): Rule<T> {
    return { holds: (value) => values.includes(value), text: `one of ${values.join(", ")}` };
}

/** A text that is not empty. */
export const someText = matching(/\S/, "a text that is not empty");

/** An Azure region's short name. */
export const region = matching(regionPattern, "an Azure region, e.g. westeurope");

/** An ARM resource ID. */
export const resourceId = matching(/^\/\S/, "an ARM resource ID, e.g. /subscriptions/…");

/** Start of a name that ends in a hyphen and six random characters. */
export function namePrefix(max: number): Rule<string> {
    return matching(
        prefixPattern(max),
        `1 to ${max} letters, digits or hyphens, not starting with a hyphen`,
    );
}

/** An exact name. */
export function exactName(max: number): Rule<string> {
    return matching(
        exactNamePattern(max),
        `3 to ${max} letters, digits or hyphens, with no hyphen at either end`,
    );
}
