import { statSync } from "fs";

/** What was read of a stack, kept until its state is written again: each command of the CLI takes its whole start. */
export class PerState<T> {
    private readonly known = new Map<string, { readonly mtimeNs: bigint; readonly value: T }>();

    /** @param file with the state */
    get(file: string, read: () => T): T {
        const { mtimeNs } = statSync(file, { bigint: true });
        const known = this.known.get(file);
        if (known?.mtimeNs === mtimeNs) {
            return known.value;
        }
        const value = read();
        this.known.set(file, { mtimeNs, value });
        return value;
    }
}
