/** Asks for each value once per process. A rejection is not kept: the next caller asks again. */
export class PromiseCache<T> {
    private readonly promises = new Map<string, Promise<T>>();

    /** The value for `key`, which `ask` gets the first time; callers in between share it. */
    get(key: string, ask: () => Promise<T>): Promise<T> {
        const known = this.promises.get(key);
        if (known !== undefined) {
            return known;
        }
        const asked = ask();
        this.promises.set(key, asked);
        asked.catch(() => this.forget(key));
        return asked;
    }

    forget(key: string): void {
        this.promises.delete(key);
    }
}
