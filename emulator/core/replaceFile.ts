import { randomUUID } from "crypto";
import { promises as fs } from "fs";

/**
 * Writes beside the file and renames: a crash leaves the old one whole, and the text is never in a file of another mode,
 * whatever was there before.
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
