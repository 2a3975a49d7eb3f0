/**
 * Whether a CA generation that may have signed device certificates is no longer trusted. The state has the generations of
 * the last run that changed something, so generations in between may be missing.
 *
 * @param before generations in the state; undefined if it has none
 */
export function isGenerationDropped(
    before: readonly number[] | undefined,
    now: readonly number[],
): boolean {
    if (before === undefined || before.length === 0 || now.length === 0) {
        return false;
    }
    const unseen = Array.from(
        { length: Math.max(0, Math.max(...now) - Math.max(...before) - 1) },
        (_, index) => Math.max(...before) + 1 + index,
    );
    return [...before, ...unseen].some((one) => !now.includes(one));
}

/** Reads the generation from the program's names, `pumps-g2-0a1b2c3d` or `CN=IoT Intermediate CA pumps G2, O=…`. */
export function generationIn(name: string): number | undefined {
    const found = /-g(\d+)-[0-9a-f]{8}$/.exec(name) ?? /\bCN=.*? G(\d+)(?:[,\n+]|$)/.exec(name);
    return found === null ? undefined : Number(found[1]);
}
