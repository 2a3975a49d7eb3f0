import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { EmulatorProcess } from "../../scripts/lib/emulatorProcess";
import { Command, runMeasured, Usage } from "./processGroup";

/** HTTP requests that reached the emulator. */
export interface Calls {
    readonly calls: number;
    /** Of these: to a hub's registry. */
    readonly registryCalls: number;
}

/** A measured command: what it took, and what it asked of Azure. */
export type Run = Omit<Usage, "output"> & Calls;

interface Traffic {
    readonly total: number;
    readonly requests: readonly { readonly host: string }[];
}

/** The programs that a measurement starts in processes of their own. */
export const benchPrograms = {
    makeHub: path.resolve(__dirname, "../children/makeHub.ts"),
    deviceInventory: path.resolve(__dirname, "../children/deviceInventory.ts"),
    handWritten: path.resolve(__dirname, "../handWritten/provision.ts"),
};

/** Of the sites that are open. */
const folders = new Set<string>();

/** Removes what the open sites wrote, when this process is being ended. */
export function removeSites(): void {
    folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
}

/** An emulator that only one measurement uses, and a folder for what it writes. */
export class Site {
    private constructor(
        readonly folder: string,
        readonly environment: NodeJS.ProcessEnv,
        private readonly emulator: EmulatorProcess,
    ) {}

    /** Runs some work on a fresh emulator, which ends with it. */
    static async open<T>(pulumiBin: string, work: (site: Site) => Promise<T>): Promise<T> {
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-bench-"));
        folders.add(folder);
        try {
            const emulator = await EmulatorProcess.start({ folder });
            try {
                const environment = emulator.environment();
                environment.PATH = `${pulumiBin}:${environment.PATH}`;
                return await work(new Site(folder, environment, emulator));
            } finally {
                await emulator.stop();
            }
        } finally {
            rmSync(folder, { recursive: true, force: true });
            folders.delete(folder);
        }
    }

    /** Sends a request to the emulator's management API. */
    manage<T>(method: string, route: string, body?: unknown): Promise<T> {
        return this.emulator.manage(method, route, body);
    }

    /** Runs a command, and counts its requests. */
    async measure(command: Command): Promise<Run> {
        await this.manage("DELETE", "/requests");
        const { seconds, peakMegabytes, cpuSeconds } = await runMeasured(command);
        const { total, requests } = await this.manage<Traffic>("GET", "/requests");
        const registryCalls = requests.filter(({ host }) => host.endsWith(".azure-devices.net"));
        return {
            seconds,
            peakMegabytes,
            cpuSeconds,
            calls: total,
            registryCalls: registryCalls.length,
        };
    }

    /** Runs a program whose output is JSON. */
    async child<T>(program: keyof typeof benchPrograms, ...args: string[]): Promise<T> {
        const { output } = await runMeasured(this.script(program, ...args));
        return JSON.parse(output) as T;
    }

    script(program: keyof typeof benchPrograms, ...args: string[]): Command {
        return {
            file: process.execPath,
            args: ["-r", "ts-node/register/transpile-only", benchPrograms[program], ...args],
            cwd: path.resolve(__dirname, "../.."),
            environment: this.environment,
        };
    }
}
