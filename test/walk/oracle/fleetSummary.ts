/** Past and future of the engine's operations, as `npm run fleet` words them. */
const operations: Readonly<Record<string, string>> = {
    "to create": "create",
    created: "create",
    "to update": "update",
    updated: "update",
    "to delete": "delete",
    deleted: "delete",
    "to replace": "replace",
    replaced: "replace",
};

/**
 * What the summary of `npm run fleet` says of each stack, without what stays as it is.
 *
 * @returns by stack, e.g. `1 create, 2 update`; undefined if the text has no summary
 */
export function changesOf(text: string): Record<string, string> | undefined {
    const [, summary] = /^Summary \(.*\)\n((?: {2}.*\n?)+)/m.exec(text) ?? [];
    if (summary === undefined) {
        return undefined;
    }
    const stacks = [...summary.matchAll(/^ {2}(\S+) +(.+)$/gm)].map(
        ([, stack, counts]) => [stack, changes(counts)] as const,
    );
    return Object.fromEntries(stacks);
}

function changes(counts: string): string {
    return counts
        .split(/, (?=\d)/)
        .filter((one) => one !== "nothing" && !/^[\d,]+ unchanged$/.test(one))
        .map((one) => {
            const [, count, words] = /^([\d,]+) (.*)$/.exec(one) ?? ["", "", one];
            return `${count} ${operations[words] ?? words}`.trim();
        })
        .sort()
        .join(", ");
}

/** Fleet stacks that a preview announces by the number of their devices alone, because they do not exist yet. */
export function stacksToCome(text: string): string[] {
    const lines = /^ {2}(\S+) +nothing\n {6}does not exist yet; [\d,]+ devices? to create in it$/gm;
    return [...text.matchAll(lines)].map(([, stack]) => stack);
}

/** Whether a preview tells of nothing but devices that move between stacks. */
export function awaitsMoves(text: string): boolean {
    return /must move between states first/.test(text);
}
