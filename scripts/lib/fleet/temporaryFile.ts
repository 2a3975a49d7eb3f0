import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";

/** Runs something with a file that nobody else can read and that is gone afterwards. */
export async function temporaryFile<T>(
    text: string,
    use: (file: string) => Promise<T>,
    name = "content",
): Promise<T> {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-"));
    try {
        const file = path.join(folder, name);
        writeFileSync(file, text, { mode: 0o600 });
        return await use(file);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
