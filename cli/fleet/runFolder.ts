import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { settingsFile } from "../stackFiles/stackFiles";

/**
 * A project's folder of one run, which nobody else can read and which is gone afterwards: the settings files of its stacks,
 * and a Pulumi.yaml, so that the CLI makes and removes stacks without a look into the user's folder.
 */
export class RunFolder {
    private constructor(readonly path: string) {}

    static make(project: string): RunFolder {
        const folder = new RunFolder(mkdtempSync(path.join(tmpdir(), "iot-x509-fleet-")));
        folder.writeFile("Pulumi.yaml", `name: ${project}\nruntime: nodejs\n`);
        return folder;
    }

    /** Path of a stack's settings file, written anew. */
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

    /** Where a preview of the hub's stack tells what it would change for the fleet stacks. */
    get planned(): string {
        return path.join(this.path, "planned.json");
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
