/** What the walk finds, is known, and is not mended yet; printed with every walk that meets it. */
export interface KnownGap {
    /** A problem as the walk words it. */
    readonly problem: RegExp;
    /** Why it is so, and what it would take. */
    readonly reason: string;
}

export const knownGaps: readonly KnownGap[] = [
    {
        problem: /had registered and left the settings/,
        reason:
            "a device that the provisioning service made an identity for keeps it, and connects, when it leaves the " +
            "settings: no resource of the stack stands for that identity, so its certificate's end has to disable it",
    },
];

/** Problems that nobody knows of yet; of the others the reasons are added to `met`. */
export function unknownProblems(problems: readonly string[], met: Set<string>): string[] {
    return problems.filter((problem) => {
        const gap = knownGaps.find((one) => one.problem.test(problem));
        if (gap !== undefined) {
            met.add(`${gap.reason} (${problem})`);
        }
        return gap === undefined;
    });
}
