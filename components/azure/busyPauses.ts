/** In seconds. Azure needs a minute or two to update a hub, and as long until a provisioning service finds a new hub. */
const seconds = [1, 2, 4, 8, 15, 30, 60, 60];

/**
 * Returns how long to wait, in milliseconds, before repeating a write that Azure refused because it was busy. The pause
 * grows, and half of it is random, so that writes that were refused together are not repeated together.
 *
 * @param failed number of failed attempts, at least 1
 * @returns undefined if the caller should give up
 */
export function busyPause(failed: number): number | undefined {
    const longest = seconds[failed - 1];
    return longest === undefined ? undefined : longest * (500 + Math.random() * 500);
}
