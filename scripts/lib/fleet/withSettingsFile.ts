import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";

/** Runs something with a settings file that nobody else can read and that is gone afterwards. */
export async function withSettingsFile<T>(
    text: string,
    use: (file: string) => Promise<T>,
): Promise<T> {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-"));
    try {
        const file = path.join(folder, "settings.yaml");
        writeFileSync(file, text, { mode: 0o600 });
        return await use(file);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
