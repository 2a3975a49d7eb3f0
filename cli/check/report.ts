import { CheckFinding } from "./checks";
import { Severity } from "./finding";

/** The results of all checks. */
export interface CheckReport {
    readonly stack: string;
    readonly findings: readonly CheckFinding[];
    /** Number of findings of each severity. */
    readonly counts: Readonly<Record<Severity, number>>;
}

export function checkReport(stack: string, findings: readonly CheckFinding[]): CheckReport {
    const counts = { ok: 0, warning: 0, error: 0, unchecked: 0 };
    findings.forEach(({ severity }) => counts[severity]++);
    return { stack, findings, counts };
}

/**
 * Exit status of the command: 0 if everything was checked without an error, 1 if `up` would fail, 3 if no error is known
 * but something could not be checked. 2 is for wrong arguments.
 */
export function exitStatus({ counts }: CheckReport): 0 | 1 | 3 {
    return counts.error > 0 ? 1 : counts.unchecked > 0 ? 3 : 0;
}

/** The report as lines of text. */
export function reportLines({ findings, counts }: CheckReport): string[] {
    const width = Math.max(...findings.map(({ check }) => check.length));
    const severities = {
        ok: "ok     ",
        warning: "warning",
        error: "ERROR  ",
        unchecked: "?      ",
    };
    const lines = findings.flatMap(({ check, severity, text, remedy }) => [
        `${severities[severity]}  ${check.padEnd(width)}  ${text}`,
        ...(remedy === undefined ? [] : [`${" ".repeat(width + 11)}-> ${remedy}`]),
    ]);
    const { error, warning, unchecked } = counts;
    const summary =
        error + warning + unchecked === 0
            ? "Found nothing that would make a first up fail."
            : `${error} to fix, ${warning} to review, ${unchecked} not checked.`;
    return [...lines, summary];
}
