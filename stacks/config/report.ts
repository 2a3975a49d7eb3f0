import { holdsPrivateKey } from "../../components/x509/pem";
import { visible } from "../../components/text/decode";

/** One fault of the configuration. */
export interface Problem {
    /** Where it is: `hub.sku`, `devices[3].id`, `devices/fleet.csv:7: group`. */
    readonly path: string;
    /** The value there: shortened, text in quotes, invisible characters as `\\u200b`; secrets are not shown. */
    readonly value: string;
    readonly rule: string;
    readonly remedy: string;
}

/** All faults of one configuration. The message has one line for each: path, value, rule, remedy. */
export class ConfigurationError extends Error {
    constructor(readonly problems: readonly Problem[]) {
        const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
        const lines = problems.map(
            ({ path, value, rule, remedy }) => `  ${path}: ${value} — ${rule} — ${remedy}`,
        );
        super([`The configuration has ${count}; nothing was changed:`, ...lines].join("\n"));
        this.name = "ConfigurationError";
    }
}

/** Collects problems while the configuration is read. */
export class Report {
    private readonly found: Problem[] = [];
    private take = (problem: Problem): void => void this.found.push(problem);

    /**
     * @param secretKeys top-level keys that the stack stores as secrets; their values are never shown
     * @param onWarning receives warnings, which do not stop the run
     */
    constructor(
        private readonly secretKeys: readonly string[] = [],
        private readonly onWarning: (text: string) => void = () => undefined,
    ) {}

    warn(text: string): void {
        this.onWarning(visible(bounded(text, longestSentence)));
    }

    /** Records a problem with the value at the path. */
    value(path: string, value: unknown, rule: string, remedy: string): void {
        const topLevelKey = /^[^.[]+/.exec(path)?.[0] ?? path;
        const shown = this.secretKeys.includes(topLevelKey) ? "(secret, not shown)" : show(value);
        this.fault(path, shown, rule, remedy);
    }

    /** Records a problem whose value is described in words. */
    fault(path: string, value: string, rule: string, remedy: string): void {
        this.take({
            path: visible(bounded(path, longestPlace)),
            value: visible(bounded(value, longestPlace)),
            rule: visible(bounded(rule, longestSentence)),
            remedy: visible(bounded(remedy, longestSentence)),
        });
    }

    /** A report whose problems somebody else takes; warnings are passed on as before. */
    passingOn(take: (problem: Problem) => void): Report {
        const other = new Report(this.secretKeys, this.onWarning);
        other.take = take;
        return other;
    }

    /** @throws ConfigurationError if there is any problem */
    throwIfAny(): void {
        if (this.found.length > 0) {
            throw new ConfigurationError(this.found);
        }
    }
}

const longest = 60;

/** Keys, names in certificates and the like may come from files and can have any length. */
const longestPlace = 400;
const longestSentence = 2000;

function bounded(text: string, length: number): string {
    return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** A value as errors show it: short, on one line, without secrets. */
function show(value: unknown): string {
    if (value === undefined) {
        return "(not set)";
    }
    if (typeof value === "string") {
        if (holdsPrivateKey(value) || /SharedAccess(Key|Signature)/i.test(value)) {
            return "(a secret, not shown)";
        }
        return JSON.stringify(bounded(value, longest));
    }
    if (Array.isArray(value)) {
        return `a list of ${value.length}`;
    }
    if (typeof value === "object" && value !== null) {
        return `a mapping of ${Object.keys(value).length}`;
    }
    return String(value);
}
