/*
 * Runs a command with one emulator behind it and the environment of the emulator's file set, as a person who sourced
 * that file would: `node -r ts-node/register/transpile-only test/support/launch.ts COMMAND ...`
 */
import { spawn } from "child_process";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { EmulatorProcess } from "../../scripts/lib/emulatorProcess";

async function main(): Promise<number> {
    const [command, ...args] = process.argv.slice(2);
    if (command === undefined) {
        throw new Error("launch: name a command to run");
    }
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-test-"));
    const emulator = await EmulatorProcess.start({ folder });
    const child = spawn(command, args, {
        stdio: "inherit",
        env: emulator.environment(),
    });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on("SIGINT", forward);
    process.on("SIGTERM", forward);
    const status = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
    });
    await emulator.stop();
    rmSync(folder, { recursive: true, force: true });
    return status;
}

main().then(
    (status) => process.exit(status),
    (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(1);
    },
);
