import * as pulumi from "@pulumi/pulumi";
import { exactNamePattern, prefixPattern, regionPattern } from "./resourceNames";
import { knownValue } from "./knownValue";

/** A rule that an argument must satisfy. */
export interface Rule<T> {
    readonly holds: (value: T) => boolean;
    /** Completes "must be …"; includes the remedy unless the rule implies it. */
    readonly text: string;
}

/**
 * Checks the arguments of a component and reports all problems in one {@link pulumi.InputPropertiesError}: problems of
 * plain values before any child is declared ({@link done}), problems of outputs once their values are known. The update
 * checks outputs that a preview does not know. Reports never contain the value of a secret.
 */
export class ArgumentChecks {
    private readonly problems: pulumi.InputPropertyErrorDetails[] = [];
    private readonly pending: Promise<void>[] = [];
    private failure: Promise<Error> | undefined;

    /** @param component its name in the report, e.g. `Hub "iot"` */
    constructor(private readonly component: string) {}

    /** Checks a value that must be known at construction; undefined passes. */
    plain<T>(path: string, value: T | undefined, rule: Rule<T>): void {
        if (value !== undefined && !rule.holds(value)) {
            this.problems.push(problem(path, value, rule));
        }
    }

    /** Checks several arguments together, or a secret one; the report shows no value. */
    that(path: string, holds: boolean, reason: string): void {
        if (!holds) {
            this.problems.push({ propertyPath: path, reason });
        }
    }

    /**
     * Returns the argument to pass on: a plain value unchanged, or an output that fails if its value breaks the rule.
     * Undefined passes.
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
        // The consumer of the output reports its failure.
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

    /** One error for all outputs that break their rules, so that it is shown only once. */
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

/** Applies `convert` to a value immediately, or to an output once it is known. */
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

/** Requires a text that matches a pattern. */
export function matching(pattern: RegExp, text: string): Rule<string> {
    return { holds: (value) => typeof value === "string" && pattern.test(value), text };
}

/** Requires a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number, unit = ""): Rule<number> {
    return {
        holds: (value) => Number.isInteger(value) && value >= min && value <= max,
        text: `a whole number from ${min} to ${max}${unit === "" ? "" : ` (${unit})`}`,
    };
}

/** Requires one of the named values. */
export function oneOf<T extends string>(values: readonly T[]): Rule<T> {
    return { holds: (value) => values.includes(value), text: `one of ${values.join(", ")}` };
}

/** Requires a text that is not empty. */
export const someText = matching(/\S/, "a text that is not empty");

/** Requires the short name of an Azure region. */
export const region = matching(regionPattern, "an Azure region, e.g. westeurope");

/** Requires an ARM resource ID. */
export const resourceId = matching(/^\/\S/, "an ARM resource ID, e.g. /subscriptions/…");

/** Requires the start of a name to which a hyphen and six random characters are appended. */
export function namePrefix(max: number): Rule<string> {
    return matching(
        prefixPattern(max),
        `1 to ${max} letters, digits or hyphens, not starting with a hyphen`,
    );
}

/** Requires an exact name. */
export function exactName(max: number): Rule<string> {
    return matching(
        exactNamePattern(max),
        `3 to ${max} letters, digits or hyphens, with no hyphen at either end`,
    );
}
