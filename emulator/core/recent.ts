/** A map that keeps the entries that were used last. */
export class Recent<K, V> {
    private readonly entries: Map<K, V>;

    /** @param most how many are kept; the entries are as old as their place tells, the first the oldest */
    constructor(
        private readonly most: number,
        entries: Iterable<readonly [K, V]> = [],
    ) {
        this.entries = new Map([...entries].slice(-most));
    }

    get(key: K): V | undefined {
        const value = this.entries.get(key);
        if (value !== undefined) {
            this.entries.delete(key);
            this.entries.set(key, value);
        }
        return value;
    }

    set(key: K, value: V): void {
        this.entries.delete(key);
        this.entries.set(key, value);
        for (const oldest of this.entries.keys()) {
            if (this.entries.size <= this.most) {
                break;
            }
            this.entries.delete(oldest);
        }
    }

    delete(key: K): void {
        this.entries.delete(key);
    }

    /** The oldest first. */
    list(): readonly (readonly [K, V])[] {
        return [...this.entries];
    }
}
