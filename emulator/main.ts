import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { parseArgs } from "util";
import { stderrLog } from "./core/log";
import { Emulator } from "./emulator";
import { EnvironmentFiles, removeEnvironment, writeEnvironment } from "./environment";
import { loadSnapshot, saveSnapshot } from "./snapshot";

const usage = `Usage: npm run emulator -- [options]

  --host ADDRESS           address to listen on (default 127.0.0.1)
  --port PORT              HTTPS of all Azure hosts, and CONNECT proxy (default 0: a free port)
  --mqtt-port PORT         MQTT and AMQP over TLS (default 8883)
  --management-port PORT   management API, loopback only (default 0: a free port)
  --state-file FILE        keep state here over restarts (default: memory only)
  --env-file FILE          where to write the file to source (default: a temporary folder)
  --help                   this text
`;

interface Flags {
    readonly host: string;
    readonly port: number;
    readonly mqttPort: number;
    readonly managementPort: number;
    readonly stateFile: string | undefined;
    readonly envFile: string | undefined;
}

function readFlags(): Flags {
    const { values } = parseArgs({
        options: {
            host: { type: "string", default: "127.0.0.1" },
            port: { type: "string", default: "0" },
            "mqtt-port": { type: "string", default: "8883" },
            "management-port": { type: "string", default: "0" },
            "state-file": { type: "string" },
            "env-file": { type: "string" },
            help: { type: "boolean", default: false },
        },
    });
    if (values.help) {
        process.stderr.write(usage);
        process.exit(0);
    }
    return {
        host: values.host,
        port: portNumber("--port", values.port),
        mqttPort: portNumber("--mqtt-port", values["mqtt-port"]),
        managementPort: portNumber("--management-port", values["management-port"]),
        stateFile: values["state-file"],
        envFile: values["env-file"],
    };
}

function portNumber(flag: string, text: string): number {
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) {
        throw new Error(
            `${flag} "${text}": a port is a whole number from 0 to 65535 (0: a free one)`,
        );
    }
    return Number(text);
}

async function main(): Promise<void> {
    const flags = readFlags();
    const log = stderrLog();
    const snapshot =
        flags.stateFile === undefined ? undefined : await loadSnapshot(flags.stateFile);
    const emulator = await Emulator.start({ ...flags, snapshot, log });
    const ownFolder =
        flags.envFile === undefined
            ? mkdtempSync(path.join(tmpdir(), "iot-x509-emulator-"))
            : undefined;
    const envFile = path.resolve(flags.envFile ?? path.join(ownFolder ?? "", "environment"));
    const reachable = flags.host === "0.0.0.0" || flags.host === "::" ? "127.0.0.1" : flags.host;
    const files = await writeEnvironment(emulator, reachable, envFile);

    log.warn("This is a local emulator of Azure for development and tests. Not for production.");
    if (!["127.0.0.1", "::1", "localhost"].includes(flags.host)) {
        log.warn(`Listening on ${flags.host}: whoever reaches this address can use the emulator.`);
    }
    const stop = stopOnce(emulator, files, ownFolder, flags.stateFile);
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    process.stdout.write(
        JSON.stringify({
            proxy: `http://${reachable}:${emulator.ports.https}`,
            mqttPort: emulator.ports.mqtt,
            management: `http://127.0.0.1:${emulator.ports.management}`,
            ...files,
        }) + "\n",
    );
}

function stopOnce(
    emulator: Emulator,
    files: EnvironmentFiles,
    ownFolder: string | undefined,
    stateFile: string | undefined,
): () => void {
    let stopping = false;
    const stop = async (): Promise<void> => {
        if (stateFile !== undefined) {
            await saveSnapshot(stateFile, emulator.snapshot());
        }
        await removeEnvironment(files);
        if (ownFolder !== undefined) {
            rmSync(ownFolder, { recursive: true, force: true });
        }
        await emulator.stop();
    };
    return () => {
        if (stopping) {
            return;
        }
        stopping = true;
        stop().then(
            () => process.exit(0),
            (error: Error) => fail(error),
        );
    };
}

function fail(error: Error & { code?: string; port?: number }): void {
    const text =
        error.code === "EADDRINUSE"
            ? `port ${error.port} is in use: name another one with --port, --mqtt-port or --management-port (0: a free one)`
            : error.message;
    process.stderr.write(`emulator: ${text}\n`);
    process.exit(1);
}

main().catch(fail);
