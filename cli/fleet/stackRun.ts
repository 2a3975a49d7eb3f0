import type { EngineEvent } from "@pulumi/pulumi/automation";
import { shellWord } from "../../components/text/shellWords";
import { followEvents } from "./eventLog";
import { CliResult, PulumiCli, withRemedy } from "./pulumiCli";

/**
 * Number of operations that the engine runs at once. Far more than processors, because most of them wait for the bulk
 * request that they share, and more waiting operations fill it.
 */
const parallel = 256;
/**
 * In a preview, the engine asks the provider about many differences at once instead of one by one. Not in a deployment, which
 * waits for Azure anyway.
 */
const parallelDiff = { PULUMI_PARALLEL_DIFF: process.env.PULUMI_PARALLEL_DIFF ?? "true" };
/** This many changes of a preview, and this many errors, are shown for each stack. */
const mostShown = 20;

/** Operations that a preview shows; those that may lose something come first. Others, such as a refresh, change nothing. */
const shownOperations = ["replace", "delete", "update", "create", "import"];
/** The steps of a replacement count as one change. */
const replaceSteps = ["create-replacement", "delete-replaced", "import-replacement"];

const hubType = "azure-native:iothub:IotHubResource";

/** What the engine says of a preview that breaks a mandatory rule, after the rule itself. */
const ruleError = "preview failed";

export type Verb = "up" | "preview" | "destroy";

/** The outcome of one stack. */
export interface Outcome {
    readonly stack: string;
    readonly result: "done" | "failed" | "stopped" | "not started";
    /** Number of resources by what was done, or would be done, to them: `create`, `same` … */
    readonly changes: Readonly<Record<string, number>>;
    /** A line each. */
    readonly details: readonly string[];
    readonly seconds: number;
    /** The hub was replaced, or would be. */
    readonly isHubNew?: boolean;
    /** Of a preview with a policy pack. */
    readonly violations?: readonly Violation[];
}

/** A rule of a policy pack that a stack breaks. */
export interface Violation {
    readonly policy: string;
    readonly stack: string;
    /** A mandatory rule holds the change back. */
    readonly isMandatory: boolean;
    /** What is wrong, and the remedy. */
    readonly message: string;
}

/** A policy pack of Pulumi's; its folder and its settings are named from the project's folder. */
export interface PolicyPack {
    readonly folder: string;
    /** JSON file with other bounds and levels. */
    readonly config?: string;
}

export interface RunOptions {
    readonly refresh: boolean;
    /** URNs of resources to leave out, with wildcards. */
    readonly exclude?: string;
    readonly policyPack?: PolicyPack;
    /** URNs of resources to replace, with wildcards. */
    readonly replace?: string;
    readonly settingsFile: string;
    /** File for the engine's events. */
    readonly eventLog: string;
    readonly variables: Readonly<Record<string, string>>;
    readonly onEvent: (event: EngineEvent) => void;
}

/** Runs one verb on one stack; a failure is an outcome, too. */
export async function runStack(
    verb: Verb,
    stack: string,
    cli: PulumiCli,
    options: RunOptions,
): Promise<Outcome> {
    const { refresh, exclude, policyPack, replace, settingsFile, eventLog, variables, onEvent } =
        options;
    const began = Date.now();
    const seen = new Seen(verb === "preview");
    let isOver = false;
    const following = followEvents(
        eventLog,
        () => isOver,
        (event) => {
            seen.take(event);
            onEvent(event);
        },
    );
    const args = [
        verb,
        ...["--stack", stack, "--config-file", settingsFile, "--event-log", eventLog],
        ...["--parallel", String(parallel), "--color", "never"],
        ...(refresh ? ["--refresh"] : []),
        ...(exclude === undefined ? [] : ["--exclude", exclude]),
        ...(policyPack === undefined ? [] : policyArguments(policyPack)),
        ...(replace === undefined ? [] : ["--replace", replace]),
        // A failing device does not affect others.
        ...(verb === "preview" ? [] : ["--yes", "--skip-preview", "--continue-on-error"]),
    ];
    const result = await cli.deploy(args, {
        // It has the option --event-log.
        PULUMI_DEBUG_COMMANDS: "true",
        ...(verb === "preview" ? parallelDiff : {}),
        ...variables,
    });
    isOver = true;
    await following;
    // A preview that only breaks rules has told all its steps.
    const isDone = result.status === 0 || (verb === "preview" && seen.isOnlyRefused);
    if (!isDone) {
        seen.failed(stack, result);
    }
    return {
        stack,
        result: isDone ? "done" : "failed",
        changes: seen.changes,
        details: seen.details(),
        seconds: (Date.now() - began) / 1000,
        isHubNew: seen.isHubNew,
        violations: seen.violations.map((one) => ({ ...one, stack })),
    };
}

function policyArguments({ folder, config }: PolicyPack): string[] {
    return [
        ...["--policy-pack", folder],
        ...(config === undefined ? [] : ["--policy-pack-config", config]),
    ];
}

/** What the engine reported during one run. */
export class Seen {
    changes: Record<string, number> = {};
    isHubNew = false;
    readonly violations: Omit<Violation, "stack">[] = [];
    /** Place in {@link shownOperations}, by line. */
    private readonly steps = new Map<string, number>();
    private readonly errors = new Set<string>();

    constructor(private readonly isPreview: boolean) {}

    /** Whether nothing but mandatory rules of a policy pack stands against the run. */
    get isOnlyRefused(): boolean {
        return (
            this.violations.some(({ isMandatory }) => isMandatory) &&
            [...this.errors].every((error) => error === ruleError)
        );
    }

    take({ resourcePreEvent, diagnosticEvent, policyEvent, summaryEvent }: EngineEvent): void {
        if (policyEvent !== undefined) {
            const { policyName, enforcementLevel, message } = policyEvent;
            this.violations.push({
                policy: policyName,
                isMandatory: enforcementLevel === "mandatory",
                // The first line describes the rule; what is wrong follows.
                message: plain(message).trim().split("\n").slice(-1)[0],
            });
        }
        if (summaryEvent !== undefined) {
            this.changes = { ...summaryEvent.resourceChanges };
        }
        if (diagnosticEvent?.severity === "error") {
            this.errors.add(withRemedy(plain(diagnosticEvent.message).trim()));
        }
        const metadata = resourcePreEvent?.metadata;
        if (metadata?.type === hubType && replaceSteps.includes(metadata.op)) {
            this.isHubNew = true;
        }
        if (metadata !== undefined && this.isPreview) {
            const { op, type, urn } = metadata;
            const shown = replaceSteps.includes(op) ? "replace" : op;
            const rank = shownOperations.indexOf(shown);
            if (rank >= 0 && !type.startsWith("pulumi:")) {
                const kind = type.slice(type.lastIndexOf(":") + 1);
                this.steps.set(`${shown} ${kind} ${urn.slice(urn.lastIndexOf("::") + 2)}`, rank);
            }
        }
    }

    failed(stack: string, { stdout, stderr }: Pick<CliResult, "stdout" | "stderr">): void {
        const text = `${stderr}\n${stdout}`;
        if (/the stack is currently locked by|\[409\] Conflict/.test(text)) {
            this.errors.add(
                "another deployment has locked this stack, or a killed one left its lock: wait for it, or " +
                    `release the lock with "pulumi cancel --stack ${shellWord(stack)}"`,
            );
        } else if (this.errors.size === 0) {
            this.errors.add(withRemedy(plain(stderr).trim() || plain(stdout).trim()));
        }
    }

    details(): string[] {
        const ranked = [...this.steps].sort(
            ([one, rank], [other, otherRank]) => rank - otherRank || (one < other ? -1 : 1),
        );
        const steps = ranked.map(([line]) => line);
        return [...shortened(steps, "changes"), ...shortened([...this.errors], "errors")];
    }
}

function shortened(lines: readonly string[], what: string): string[] {
    return lines.length <= mostShown
        ? [...lines]
        : [...lines.slice(0, mostShown), `and ${lines.length - mostShown} more ${what}`];
}

/** The text without the engine's colour codes. */
export function plain(text: string): string {
    return text.replace(/<\{%[^%]*%\}>/g, "");
}
