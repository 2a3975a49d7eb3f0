import { spawn } from "child_process";
import { mkdirSync, writeFileSync } from "fs";
import * as path from "path";
import { createInterface } from "readline";
import { runTypescript } from "../lib/runTypescript";

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

/**
 * Runs the sample device (sample-device/device.ts) in a process of its own, with its files in `folder`: `chain.pem` and
 * `device.key`.
 *
 * @param more arguments of the sample device, e.g. those of renewal
 */
export async function runDevice(
    files: DeviceFiles,
    folder: string,
    environment: NodeJS.ProcessEnv,
    messages: number,
    more: readonly string[] = [],
): Promise<DeviceRun> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path.join(folder, "chain.pem"), files.chainPem);
    writeFileSync(path.join(folder, "device.key"), files.keyPem, { mode: 0o600 });
    return runDeviceIn(folder, files.target, environment, messages, more);
}

/** As {@link runDevice}, with the files that are in `folder`. */
export async function runDeviceIn(
    folder: string,
    target: DeviceFiles["target"],
    environment: NodeJS.ProcessEnv,
    messages: number,
    more: readonly string[],
): Promise<DeviceRun> {
    const child = spawn(
        process.execPath,
        [
            ...runTypescript,
            "sample-device/device.ts",
            ...targetFlags(target),
            ...["--certificate", path.join(folder, "chain.pem")],
            ...["--key", path.join(folder, "device.key")],
            ...["--count", String(messages), "--interval", "0", ...more],
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
