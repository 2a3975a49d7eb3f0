import { chmodSync, renameSync, rmSync, writeFileSync } from "fs";

/** Writes a file atomically and never readable for others. A failure leaves nothing behind. */
export function writePrivateFile(file: string, text: string): void {
    const temporary = `${file}.new`;
    try {
        writeFileSync(temporary, text, { mode: 0o600 });
        // The mode counts only for a file that did not exist.
        chmodSync(temporary, 0o600);
        renameSync(temporary, file);
    } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
    }
}
