/*
 * A device that has only its certificate: connects to its hub over MQTT, sends telemetry, connects again with growing
 * pauses when the line breaks, and says in plain words why it was refused.
 *
 *   node -r ts-node/register/transpile-only device/device.ts \
 *     --connection-string 'HostName=…;DeviceId=…;x509=true' --certificate chain.pem --key device.key
 *
 * With --id-scope instead of a connection string it asks the provisioning service for its hub first.
 */
import { readFileSync } from "fs";
import { parseArgs } from "util";
import { errors, ExponentialBackOffWithJitter, Message } from "azure-iot-common";
import { Client } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { commonNameOf, hubSideReasons, visibleProblems } from "./diagnosis";
import { register } from "./registration";

const usage = `Usage: device.ts (--connection-string TEXT | --id-scope TEXT) --certificate FILE --key FILE
                 [--count N] [--interval SECONDS]

  --connection-string  HostName=…;DeviceId=…;x509=true
  --id-scope           of the provisioning service that knows the device's hub, e.g. 0ne00A1B2C3
  --certificate        PEM: the device's certificate, then its intermediates; never the root
  --key                PEM: the device's private key
  --count              messages to send before it ends (default: no end)
  --interval           seconds between messages (default 5)
`;

interface Flags {
    /** Exactly one of connection string and ID scope is given. */
    readonly connectionString: string | undefined;
    readonly idScope: string | undefined;
    readonly certificate: string;
    readonly key: string;
    readonly count: number;
    readonly intervalSeconds: number;
}

function readFlags(): Flags {
    const { values } = parseArgs({
        options: {
            "connection-string": { type: "string" },
            "id-scope": { type: "string" },
            certificate: { type: "string" },
            key: { type: "string" },
            count: { type: "string", default: "Infinity" },
            interval: { type: "string", default: "5" },
        },
    });
    const { "connection-string": connectionString, "id-scope": idScope, certificate, key } = values;
    const hasOneTarget = (connectionString === undefined) !== (idScope === undefined);
    if (!hasOneTarget || certificate === undefined || key === undefined) {
        throw new Error(usage);
    }
    return {
        connectionString,
        idScope,
        certificate: readFileSync(certificate, "utf8"),
        key: readFileSync(key, "utf8"),
        count: Number(values.count),
        intervalSeconds: Number(values.interval),
    };
}

async function main(): Promise<number> {
    const flags = readFlags();
    const deviceId =
        /(?:^|;)DeviceId=([^;]+)/.exec(flags.connectionString ?? "")?.[1] ??
        commonNameOf(flags.certificate);
    const problems = visibleProblems({
        deviceId,
        chainPem: flags.certificate,
        keyPem: flags.key,
    });
    problems.forEach((problem) => say(deviceId, `warning: ${problem}`));

    let client: Client;
    try {
        client = await connect(deviceId, flags);
    } catch (error) {
        explain(deviceId, error as Error, problems);
        return 1;
    }
    await sendTelemetry(client, deviceId, flags);
    await client.close();
    return 0;
}

async function connect(deviceId: string, flags: Flags): Promise<Client> {
    const connectionString = flags.connectionString ?? (await findHub(deviceId, flags));
    const client = Client.fromConnectionString(connectionString, Mqtt);
    await client.setOptions({ cert: flags.certificate, key: flags.key });
    // Starts at 100 ms, doubles up to 10 s with jitter, and does not repeat what cannot succeed.
    client.setRetryPolicy(new ExponentialBackOffWithJitter(true));
    client.on("connect", () => say(deviceId, "connected with its certificate"));
    client.on("disconnect", () => say(deviceId, "disconnected"));
    client.on("error", (error: Error) => say(deviceId, `error: ${error.message}`));
    await client.open();
    return client;
}

async function findHub(deviceId: string, flags: Flags): Promise<string> {
    const connectionString = await register({
        idScope: flags.idScope ?? "",
        registrationId: deviceId,
        chainPem: flags.certificate,
        keyPem: flags.key,
    });
    say(deviceId, `registered: ${connectionString}`);
    return connectionString;
}

async function sendTelemetry(client: Client, deviceId: string, flags: Flags): Promise<void> {
    for (let sent = 1; sent <= flags.count; sent++) {
        const temperature = Math.round((20 + Math.random() * 5) * 10) / 10;
        const message = new Message(JSON.stringify({ deviceId, temperature, sequence: sent }));
        message.contentType = "application/json";
        message.contentEncoding = "utf-8";
        await client.sendEvent(message);
        say(deviceId, `sent message ${sent}`);
        if (sent < flags.count) {
            await new Promise((resolve) => setTimeout(resolve, flags.intervalSeconds * 1000));
        }
    }
}

function explain(deviceId: string, error: Error, problems: readonly string[]): void {
    if (!(error instanceof errors.UnauthorizedError)) {
        say(deviceId, `could not connect: ${error.message}`);
        return;
    }
    say(deviceId, "refused: this device is not accepted.");
    if (problems.length > 0) {
        problems.forEach((problem) => say(deviceId, `  ${problem}`));
        return;
    }
    say(deviceId, "Nothing is wrong that the device can see. On the hub, one of these holds:");
    hubSideReasons.forEach((reason) => say(deviceId, `  - ${reason}`));
}

function say(deviceId: string, text: string): void {
    process.stdout.write(`${deviceId}: ${text}\n`);
}

main().then(
    (status) => process.exit(status),
    (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(2);
    },
);
