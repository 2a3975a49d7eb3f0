/** Seconds; Azure takes a minute or two to update a hub, and as long to let a provisioning service find a new one. */
const seconds = [1, 2, 4, 8, 15, 30, 60, 60];

/**
 * Milliseconds to wait before a write is repeated that Azure refuses while it is busy with another one: a random half to the
 * whole of a growing pause, because those that were refused together must not come back together.
 *
 * @param failed how many attempts have failed, 1 or more
 * @returns undefined when it is to be given up
 */
export function busyPause(failed: number): number | undefined {
    const longest = seconds[failed - 1];
    return longest === undefined ? undefined : longest * (500 + Math.random() * 500);
}
