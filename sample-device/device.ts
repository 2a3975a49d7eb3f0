/*
 * A device that has only its certificate: connects to its hub over MQTT, sends telemetry, reconnects with growing
 * pauses when the connection breaks, and explains in plain words why it was refused.
 *
 *   node -r ts-node/register/transpile-only sample-device/device.ts \
 *     --connection-string 'HostName=…;DeviceId=…;x509=true' --certificate chain.pem --key device.key
 *
 * With --id-scope instead of a connection string, it first asks the provisioning service for its hub. With both, it
 * asks only when the hub refuses it, as happens after a renewal of a device that was created by the provisioning
 * service. With --est it renews its certificate itself (see docs/renewal.md).
 */
import { Message } from "azure-iot-common";
import { CredentialFiles, Credentials } from "./credentialFiles";
import { commonNameOf } from "./diagnosis";
import type { Proof } from "./estClient";
import { Flags, namedDevice, readBootstrap, readCredentials, readFlags, usage } from "./flags";
import { Failure, HubConnection } from "./hubConnection";
import { endOf, Renewal } from "./renewal";

async function main(flags: Flags): Promise<void> {
    const files = new CredentialFiles(flags.certificateFile, flags.keyFile);
    const found = flags.est === undefined ? readCredentials(files, flags) : files.read();
    const bootstrap = readBootstrap(flags, found === undefined);
    const id = deviceIdOf(flags, found, bootstrap);
    const say = (text: string): boolean => process.stdout.write(`${id}: ${text}\n`);
    const device = new HubConnection(id, flags, () => readCredentials(files, flags), say);
    const renewal = flags.est && new Renewal(files, { deviceId: id, bootstrap, ...flags.est }, say);
    try {
        if (renewal !== undefined && (found === undefined || endOf(found) <= Date.now())) {
            await renewal.start(found, (first) => device.connect(first));
        } else {
            await device.connect(found ?? readCredentials(files, flags));
        }
        await sendTelemetry(id, flags, device, say, async () => {
            await renewal?.renewIfDue(readCredentials(files, flags), (next) =>
                device.switchTo(next),
            );
        });
    } catch (error) {
        const lines = error instanceof Failure ? error.lines : [(error as Error).message];
        lines.forEach((line) => say(line));
        process.exitCode = 1;
    }
}

/** @param before is awaited before each message */
async function sendTelemetry(
    deviceId: string,
    { count, intervalSeconds }: Flags,
    device: HubConnection,
    say: (text: string) => void,
    before: () => Promise<void>,
): Promise<void> {
    for (let sent = 1; sent <= count; sent++) {
        await before();
        const temperature = Math.round((20 + Math.random() * 5) * 10) / 10;
        const message = new Message(JSON.stringify({ deviceId, temperature, sequence: sent }));
        message.contentType = "application/json";
        message.contentEncoding = "utf-8";
        await device.send(message);
        say(`sent message ${sent}`);
        if (sent < count) {
            await new Promise((resolve) => setTimeout(resolve, intervalSeconds * 1000));
        }
    }
    await device.close();
}

function deviceIdOf(
    flags: Flags,
    found: Credentials | undefined,
    bootstrap: Proof | undefined,
): string {
    const own = found ?? bootstrap;
    return namedDevice(flags) ?? (own && "chainPem" in own ? commonNameOf(own.chainPem) : "");
}

function start(): Promise<void> {
    const flags = readFlags(process.argv.slice(2));
    if (flags === undefined) {
        process.stdout.write(usage);
        return Promise.resolve();
    }
    return main(flags);
}

(async () => start())().then(
    () => process.exit(),
    (error: Error) => {
        const [reason] = error.message.split(". To specify");
        process.stderr.write(`device: ${reason}\n\n${usage}`);
        process.exit(2);
    },
);
