/** The candidate that a typo most likely stands for, or undefined if none is close. */
export function closestName(word: string, candidates: readonly string[]): string | undefined {
    const limit = Math.max(1, Math.floor(word.length / 3));
    const ranked = candidates
        .map((candidate) => ({
            candidate,
            distance: isBeginning(word, candidate)
                ? 1
                : editDistance(word.toLowerCase(), candidate.toLowerCase()),
        }))
        .filter(({ distance }) => distance <= limit)
        .sort((a, b) => a.distance - b.distance);
    return ranked[0]?.candidate;
}

/** `did you mean "x"?`, else the candidates, at most ten. */
export function suggestion(word: string, candidates: readonly string[]): string {
    const near = closestName(word, candidates);
    if (near !== undefined) {
        return `did you mean "${near}"?`;
    }
    const named = candidates.slice(0, 10).join(", ");
    return candidates.length > 10 ? `known are ${named}, …` : `known are ${named}`;
}

/** Whether one word is the beginning of the other, as `renewBefore` is of `renewBeforeDays`. */
function isBeginning(word: string, candidate: string): boolean {
    return word.length >= 3 && (candidate.startsWith(word) || word.startsWith(candidate));
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of adjacent characters. */
function editDistance(a: string, b: string): number {
    const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
    for (let i = 1; i <= a.length; i++) {
        rows[i] = [i];
        for (let j = 1; j <= b.length; j++) {
            const substitution = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
            rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, substitution);
            if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
                rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
            }
        }
    }
    return rows[a.length][b.length];
}
