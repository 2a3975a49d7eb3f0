import { suggestion } from "./suggestions";
import { Report } from "./report";

/** What a text must look like, and what to report if it does not. */
export interface TextRule {
    readonly pattern: RegExp;
    readonly rule: string;
    readonly remedy: string;
}

/** Writes the path of a key: `hub.sku` in the stack file, `fleet.csv:7: group` in a table. */
export type PathOf = (key: string) => string;

/** Paths below a mapping of the stack file. Keys that are not plain words are in brackets, as Pulumi writes them. */
export function pathsBelow(parent: string): PathOf {
    return (key) => {
        if (!/^[A-Za-z0-9_-]+$/.test(key)) {
            return `${parent}[${JSON.stringify(key)}]`;
        }
        return parent === "" ? key : `${parent}.${key}`;
    };
}

/**
 * A mapping of the configuration, read field by field. Every problem goes to the report, and the reader gets a fallback, so
 * that one pass finds all problems; the settings are returned only if the report is empty.
 */
export class Section {
    private readonly fields = new Map<string, unknown>();
    private readonly empty = new Set<string>();

    /**
     * Reports unknown keys, and keys without a value: a half-written line must not count as absent.
     *
     * @param kind what the mapping is, for messages: `a device`
     * @param known the keys it may have; undefined: the user chooses the keys
     */
    constructor(
        readonly report: Report,
        readonly pathOf: PathOf,
        fields: Record<string, unknown>,
        kind: string,
        known: readonly string[] | undefined,
    ) {
        for (const [key, value] of Object.entries(fields)) {
            if (known !== undefined && !known.includes(key)) {
                report.fault(
                    pathOf(key),
                    JSON.stringify(key),
                    `is not a setting of ${kind}`,
                    suggestion(key, known),
                );
            } else if (isEmpty(value, known)) {
                this.empty.add(key);
                report.fault(
                    pathOf(key),
                    "(empty)",
                    "must have a value",
                    "set a value, or delete the line to use the default",
                );
            } else {
                this.fields.set(key, value);
            }
        }
    }

    /** Keys that have a value. */
    keys(): string[] {
        return [...this.fields.keys()];
    }

    has(key: string): boolean {
        return this.fields.has(key);
    }

    /** The unchecked value, or undefined. */
    raw(key: string): unknown {
        return this.fields.get(key);
    }

    /** Reports the value of a key. */
    bad(key: string, rule: string, remedy: string): void {
        this.report.value(this.pathOf(key), this.raw(key), rule, remedy);
    }

    /** A text that meets its rule; undefined if absent or invalid. */
    text(key: string, { pattern, rule, remedy }: TextRule): string | undefined {
        const value = this.raw(key);
        if (value === undefined) {
            return undefined;
        }
        if (typeof value === "string" && pattern.test(value)) {
            return value;
        }
        if (typeof value === "number" && pattern.test(String(value))) {
            const isWhole = Math.abs(value) <= Number.MAX_SAFE_INTEGER;
            // Larger numbers have lost their last digits.
            const written = isWhole ? `: "${value}"` : ", with its original digits";
            this.bad(key, "must be text", `write it in quotes${written}`);
        } else {
            this.bad(key, rule, remedy);
        }
        return undefined;
    }

    /** A required text; the empty text if a problem was reported. */
    requiredText(key: string, textRule: TextRule): string {
        if (!this.has(key)) {
            this.missing(key, textRule.remedy);
        }
        return this.text(key, textRule) ?? "";
    }

    /** Reports that a key is missing, unless it is there without a value, which has been reported. */
    missing(key: string, remedy: string): void {
        if (!this.empty.has(key)) {
            this.report.value(this.pathOf(key), undefined, "is required", remedy);
        }
    }

    oneOf<T extends string>(key: string, choices: readonly T[], fallback: T): T {
        const value = this.raw(key);
        if (value === undefined) {
            return fallback;
        }
        const choice = choices.find((candidate) => candidate === String(value));
        if (choice === undefined) {
            this.bad(
                key,
                `must be one of ${choices.join(", ")}`,
                suggestion(String(value), choices),
            );
        }
        return choice ?? fallback;
    }

    /** A whole number within limits. Digits as text are accepted, because Pulumi (for top-level values) and CSV pass text. */
    integer(key: string, min: number, max: number, fallback: number): number {
        const value = this.raw(key);
        if (value === undefined) {
            return fallback;
        }
        const number =
            typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
        if (typeof number !== "number" || !Number.isInteger(number)) {
            this.bad(key, "must be a whole number", `write a number from ${min} to ${max}`);
        } else if (number < min || number > max) {
            this.bad(key, `must be from ${min} to ${max}`, `write a number from ${min} to ${max}`);
        } else {
            return number;
        }
        return fallback;
    }

    /** `true` or `false`; also as text, for the reason given at {@link integer}. */
    flag(key: string, fallback: boolean): boolean {
        const value = this.raw(key);
        if (value === undefined) {
            return fallback;
        }
        if (value === true || value === "true") {
            return true;
        }
        if (value !== false && value !== "false") {
            this.bad(
                key,
                "must be true or false",
                "write true or false, without quotes; in a spreadsheet, set the cells' format to Text first",
            );
            return fallback;
        }
        return false;
    }

    /** The items of a list; none if it is absent. */
    list(key: string): readonly unknown[] {
        const value = this.raw(key) ?? [];
        if (!Array.isArray(value)) {
            this.bad(key, "must be a list", "write one item per line, each after a hyphen");
            return [];
        }
        return value;
    }

    /** The items of a list of texts that meet their rule and do not repeat. */
    texts(key: string, { pattern, rule, remedy }: TextRule): string[] {
        const good: string[] = [];
        this.list(key).forEach((item, index) => {
            const path = `${this.pathOf(key)}[${index}]`;
            if (typeof item !== "string" || !pattern.test(item)) {
                this.report.value(path, item, rule, remedy);
            } else if (good.includes(item)) {
                this.report.value(path, item, "must be listed only once", "delete the second one");
            } else {
                good.push(item);
            }
        });
        return good;
    }

    /** The mapping below a key; an empty one if it is absent or not a mapping. */
    section(key: string, kind: string, known: readonly string[] | undefined): Section {
        const path = this.pathOf(key);
        return (
            sectionAt(this.report, path, this.raw(key) ?? {}, kind, known) ??
            new Section(this.report, pathsBelow(path), {}, kind, known)
        );
    }
}

/** A value of the configuration as a mapping; undefined if it is not one, which is reported. */
export function sectionAt(
    report: Report,
    path: string,
    value: unknown,
    kind: string,
    known: readonly string[] | undefined,
): Section | undefined {
    if (isMapping(value)) {
        return new Section(report, pathsBelow(path), value, kind, known);
    }
    report.value(
        path,
        value,
        `${kind} must be a mapping`,
        known
            ? `write lines "key: value" below it, with the keys ${known.join(", ")}`
            : `write lines "key: value" below it`,
    );
    return undefined;
}

/** Pulumi passes an empty top-level value as empty text. If users choose the keys, empty text is a value. */
function isEmpty(value: unknown, known: readonly string[] | undefined): boolean {
    return value === null || value === undefined || (value === "" && known !== undefined);
}

export function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
