import { randomUUID } from "crypto";
import { promises as fs } from "fs";

/**
 * Writes a temporary file beside the target and renames it: a crash leaves the old file intact, and the text is never
 * in a file with a different mode, whatever existed before.
 */
export async function replaceFile(file: string, text: string, mode = 0o600): Promise<void> {
    const draft = `${file}.${randomUUID()}`;
    try {
        await fs.writeFile(draft, text, { mode, flag: "wx" });
        await fs.rename(draft, file);
    } catch (error) {
        await fs.rm(draft, { force: true });
        throw error;
    }
}
