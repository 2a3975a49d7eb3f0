import { writeFileSync } from "fs";
import { StackFileError } from "./stackFiles/planConfig";

/**
 * Writes a file that a person asked for.
 *
 * @throws StackFileError if it cannot be written
 */
export function writeRequestedFile(file: string, text: string): void {
    try {
        writeFileSync(file, text);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new StackFileError(
            `${file} cannot be written (${code}) — name a file in a folder that exists and may be written to`,
        );
    }
}
