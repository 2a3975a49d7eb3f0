/*
 * Runs a command with one emulator behind it and the environment of the emulator's file set, as a person who sourced
 * that file would: `node -r ./scripts/lib/typescript.js -- test/support/launch.ts COMMAND ...`
 */
import { spawn } from "child_process";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { endOnSignals, isEnding } from "../../scripts/lib/descendants.mjs";
import { EmulatorProcess } from "../../scripts/lib/emulatorProcess";

async function main(): Promise<number> {
    const [command, ...args] = process.argv.slice(2);
    if (command === undefined) {
        throw new Error("launch: name a command to run");
    }
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-test-"));
    const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
    endOnSignals(removeFolder);
    const emulator = await EmulatorProcess.start({ folder });
    const child = spawn(command, args, {
        stdio: "inherit",
        env: emulator.environment(),
    });
    const status = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
    });
    await emulator.stop();
    removeFolder();
    return status;
}

main().then(
    (status) => (isEnding() ? undefined : process.exit(status)),
    (error: Error) => {
        if (!isEnding()) {
            process.stderr.write(`${error.message}\n`);
            process.exit(1);
        }
    },
);
