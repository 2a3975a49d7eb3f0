/** A map that keeps the most recently used entries. */
export class Recent<K, V> {
    private readonly entries: Map<K, V>;

    /**
     * @param most how many entries are kept
     * @param entries initial entries, the oldest first
     */
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

    /** All entries, the oldest first. */
    list(): readonly (readonly [K, V])[] {
        return [...this.entries];
    }
}
