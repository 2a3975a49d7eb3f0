/** First `up` of a contender with so many devices. */
export interface Timed {
    readonly devices: number;
    readonly seconds: number;
}

/** No contender's time grows faster than this power of the devices. */
const steepest = 2.5;

/**
 * What a size will take, from the sizes before, by the power of the devices that lies between the last two; at least in
 * proportion, because a start-up time hides the growth of small sizes. Undefined without any size before.
 *
 * @param before smallest first
 */
export function expectedSeconds(before: readonly Timed[], devices: number): number | undefined {
    const last = before.at(-1);
    if (last === undefined) {
        return undefined;
    }
    const previous = before.at(-2);
    const power =
        previous === undefined
            ? 1
            : Math.log(last.seconds / previous.seconds) / Math.log(last.devices / previous.devices);
    return last.seconds * (devices / last.devices) ** Math.min(steepest, Math.max(1, power));
}
