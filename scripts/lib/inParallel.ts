/** Does the work for all items, at most `limit` at once; the results are in the order of the items. */
export async function inParallel<T, R>(
    limit: number,
    items: readonly T[],
    work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
    const results: R[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
        while (next < items.length) {
            const index = next++;
            results[index] = await work(items[index], index);
        }
    };
    await Promise.all(Array.from({ length: limit }, worker));
    return results;
}
