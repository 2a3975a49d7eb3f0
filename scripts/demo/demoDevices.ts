import { spawn } from "child_process";
import { mkdirSync, writeFileSync } from "fs";
import * as path from "path";
import { createInterface } from "readline";

const repository = path.resolve(__dirname, "../..");

/** What a device carries: nothing else is needed to connect. */
export interface DeviceFiles {
    readonly deviceId: string;
    /** Its hub, or the ID scope of the provisioning service that knows the hub, or both. */
    readonly target: { readonly connectionString?: string; readonly idScope?: string };
    /** PEM, leaf first. */
    readonly chainPem: string;
    readonly keyPem: string;
}

export interface DeviceRun {
    /** 0 when all messages were sent. */
    readonly status: number;
    readonly lines: readonly string[];
}

/** Runs the sample device (sample-device/device.ts) in a process of its own, with its files in `folder`. */
export async function runDevice(
    files: DeviceFiles,
    folder: string,
    environment: NodeJS.ProcessEnv,
    messages: number,
): Promise<DeviceRun> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const certificate = path.join(folder, "chain.pem");
    const key = path.join(folder, "device.key");
    writeFileSync(certificate, files.chainPem);
    writeFileSync(key, files.keyPem, { mode: 0o600 });
    const child = spawn(
        process.execPath,
        [
            ...["-r", "ts-node/register/transpile-only", "sample-device/device.ts"],
            ...targetFlags(files.target),
            ...["--certificate", certificate, "--key", key],
            ...["--count", String(messages), "--interval", "0"],
        ],
        { cwd: repository, env: environment, stdio: ["ignore", "pipe", "pipe"] },
    );
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", (line) => lines.push(line));
    }
    const status = await new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? 1));
    });
    return { status, lines };
}

function targetFlags({ connectionString, idScope }: DeviceFiles["target"]): string[] {
    return [
        ...(connectionString === undefined ? [] : ["--connection-string", connectionString]),
        ...(idScope === undefined ? [] : ["--id-scope", idScope]),
    ];
}
