/**
 * Whether a CA generation that may have signed devices' certificates is trusted no more. A state has the generations of the
 * last run that changed something, and may not have seen those in between.
 *
 * @param before of the state; undefined: it does not say
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

/** In the names that the program gives: `pumps-g2-0a1b2c3d` on a service, `CN=IoT Intermediate CA pumps G2, O=…` of a CA. */
export function generationIn(name: string): number | undefined {
    const found = /-g(\d+)-[0-9a-f]{8}$/.exec(name) ?? /\bCN=.*? G(\d+)(?:[,\n+]|$)/.exec(name);
    return found === null ? undefined : Number(found[1]);
}
