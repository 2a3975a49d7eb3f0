import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { settingsFile } from "../stackFiles/stackFiles";

const presentDevicesFile = "present-devices.json";

/**
 * A private, temporary project folder for one run. It holds the settings files of the run's stacks and a Pulumi.yaml, so
 * that the CLI creates and removes stacks without looking into the user's folder.
 */
export class RunFolder {
    private constructor(readonly path: string) {}

    static make(project: string): RunFolder {
        const folder = new RunFolder(mkdtempSync(path.join(tmpdir(), "iot-x509-fleet-")));
        folder.writeFile("Pulumi.yaml", `name: ${project}\nruntime: nodejs\n`);
        return folder;
    }

    /** Writes a stack's settings file and returns its path. */
    write(stack: string, settings: string): string {
        return this.writeFile(path.basename(settingsFile(this.path, stack)), settings);
    }

    /** Path of a stack's settings file. */
    settingsFile(stack: string): string {
        return settingsFile(this.path, stack);
    }

    /** Where the engine writes the events of a stack's run. */
    eventLog(stack: string): string {
        return this.writeFile(`${stack}.events`, "");
    }

    /** Where a preview of the hub's stack writes what it would change for the fleet stacks. */
    get planned(): string {
        return path.join(this.path, "planned.json");
    }

    /** Path of the list of devices that the stacks have before the run. */
    get presentDevices(): string {
        return path.join(this.path, presentDevicesFile);
    }

    writePresentDevices(deviceIds: readonly string[]): void {
        this.writeFile(presentDevicesFile, JSON.stringify(deviceIds));
    }

    remove(): void {
        rmSync(this.path, { recursive: true, force: true });
    }

    private writeFile(name: string, text: string): string {
        const file = path.join(this.path, name);
        writeFileSync(file, text, { mode: 0o600 });
        return file;
    }
}
