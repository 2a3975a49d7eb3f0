import { ConcurrentUpdateError, DestroyOptions, Stack, UpOptions } from "@pulumi/pulumi/automation";

/**
 * Operations that the engine has under way at once. Far more than processors: most of them wait for the bulk request that
 * they share, and more waiting ones fill it.
 */
const parallel = 256;
/** So many changes of a preview, and so many errors, are shown of each stack. */
const mostShown = 20;

export type Verb = "up" | "preview" | "destroy";

/** What became of one stack. */
export interface Outcome {
    readonly stack: string;
    readonly result: "done" | "failed" | "stopped" | "not begun";
    /** Resources by what was done, or would be done, to them: `create`, `same` … */
    readonly changes: Readonly<Record<string, number>>;
    /** A line each. */
    readonly details: readonly string[];
    readonly seconds: number;
}

export interface RunOptions {
    readonly refresh: boolean;
    /** Settings file instead of the stack's own. */
    readonly configFile?: string;
    readonly signal: AbortSignal;
}

/** Runs one verb on one stack; a failure is an outcome, too. */
export async function runStack(verb: Verb, stack: Stack, options: RunOptions): Promise<Outcome> {
    const began = Date.now();
    const seen = new Seen(verb === "preview");
    const given: UpOptions & DestroyOptions = {
        ...options,
        parallel,
        onEvent: (event) => seen.take(event),
    };
    let result: Outcome["result"] = "done";
    try {
        if (verb === "preview") {
            await stack.preview(given);
        } else {
            // A device that fails holds up no other.
            await stack[verb]({ ...given, continueOnError: true });
        }
    } catch (error) {
        result = options.signal.aborted ? "stopped" : "failed";
        seen.failed(stack.name, error as Error);
    }
    return {
        stack: stack.name,
        result,
        changes: seen.changes,
        details: seen.details(),
        seconds: (Date.now() - began) / 1000,
    };
}

type Event = Parameters<NonNullable<UpOptions["onEvent"]>>[0];

/** What the engine told of one run. */
class Seen {
    changes: Record<string, number> = {};
    private readonly steps: string[] = [];
    private readonly errors = new Set<string>();

    constructor(private readonly isPreview: boolean) {}

    take({ resourcePreEvent, diagnosticEvent, summaryEvent }: Event): void {
        if (summaryEvent !== undefined) {
            this.changes = { ...summaryEvent.resourceChanges };
        }
        if (diagnosticEvent?.severity === "error") {
            this.errors.add(plain(diagnosticEvent.message).trim());
        }
        if (resourcePreEvent !== undefined && this.isPreview) {
            const { op, type, urn } = resourcePreEvent.metadata;
            if (op !== "same" && !type.startsWith("pulumi:")) {
                const kind = type.slice(type.lastIndexOf(":") + 1);
                this.steps.push(`${op} ${kind} ${urn.slice(urn.lastIndexOf("::") + 2)}`);
            }
        }
    }

    failed(stack: string, error: Error): void {
        if (error instanceof ConcurrentUpdateError) {
            this.errors.add(
                "another deployment has locked this stack, or one that was killed left its lock: wait for it, or " +
                    `free the stack with "pulumi cancel --stack ${stack}"`,
            );
        } else if (this.errors.size === 0) {
            this.errors.add(complaintOf(error.message));
        }
    }

    details(): string[] {
        return [
            ...shortened(this.steps.sort(), "changes"),
            ...shortened([...this.errors], "errors"),
        ];
    }
}

function shortened(lines: readonly string[], what: string): string[] {
    return lines.length <= mostShown
        ? [...lines]
        : [...lines.slice(0, mostShown), `and ${lines.length - mostShown} more ${what}`];
}

/** What a command complained about, from the Automation API's account of it: its standard error up to what Node.js adds. */
function complaintOf(message: string): string {
    const [, complaint] = /^ *stderr:.*\n((?:.*\n)*?) *err\?:/m.exec(message) ?? [];
    return plain(complaint || message).trim();
}

/** Without the engine's marks of colour. */
function plain(text: string): string {
    return text.replace(/<\{%[^%]*%\}>/g, "");
}
