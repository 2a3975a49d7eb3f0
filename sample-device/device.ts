/*
 * A device that has only its certificate: connects to its hub over MQTT, sends telemetry, reconnects with growing
 * pauses when the connection breaks, and explains in plain words why it was refused.
 *
 *   node -r ts-node/register/transpile-only sample-device/device.ts \
 *     --connection-string 'HostName=…;DeviceId=…;x509=true' --certificate chain.pem --key device.key
 *
 * With --id-scope instead of a connection string, it first asks the provisioning service for its hub. With both, it
 * asks only when the hub refuses it, as happens after a renewal of a device that was created by the provisioning
 * service (see docs/operations.md, "Renewal").
 */
import { errors, ExponentialBackOffWithJitter, Message } from "azure-iot-common";
import { Client } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { createSecureContext } from "tls";
import { connectionProblem, inWords } from "./connectionProblem";
import { commonNameOf, hubSideReasons, visibleProblems } from "./diagnosis";
import { Credentials, Flags, readCredentials, readFlags, usage } from "./flags";
import { globalProvisioningHost, register } from "./registration";
import { reportCertificate } from "./reportCertificate";
import { registrationReason } from "./registrationReason";

/** Ends the program with a message, one item per line. */
class Failure extends Error {
    constructor(readonly lines: readonly string[]) {
        super(lines[0]);
    }
}

async function main(flags: Flags): Promise<void> {
    const credentials = readCredentials(flags);
    const deviceId =
        /(?:^|;)DeviceId=([^;]+)/.exec(flags.connectionString ?? "")?.[1] ??
        commonNameOf(credentials.chainPem);
    try {
        const device = new Device(deviceId, flags, credentials);
        await device.connect();
        await device.sendTelemetry();
    } catch (error) {
        const lines = error instanceof Failure ? error.lines : [(error as Error).message];
        lines.forEach((line) => say(deviceId, line));
        process.exitCode = 1;
    }
}

/** A device and its connection. */
class Device {
    private client: Client | undefined;
    private problems: readonly string[] = [];

    constructor(
        private readonly id: string,
        private readonly flags: Flags,
        private credentials: Credentials,
    ) {}

    /** @throws Failure */
    async connect(): Promise<void> {
        this.warn();
        const { connectionString } = this.flags;
        if (connectionString === undefined) {
            return this.open(await this.findHub());
        }
        try {
            await this.open(connectionString);
        } catch (error) {
            await this.registerAgain(error as Error);
        }
    }

    async sendTelemetry(): Promise<void> {
        const { count, intervalSeconds } = this.flags;
        for (let sent = 1; sent <= count; sent++) {
            const temperature = Math.round((20 + Math.random() * 5) * 10) / 10;
            const data = { deviceId: this.id, temperature, sequence: sent };
            const message = new Message(JSON.stringify(data));
            message.contentType = "application/json";
            message.contentEncoding = "utf-8";
            try {
                await this.client?.sendEvent(message);
            } catch (error) {
                await this.registerAgain(error as Error);
                await this.client?.sendEvent(message);
            }
            say(this.id, `sent message ${sent}`);
            if (sent < count) {
                await new Promise((resolve) => setTimeout(resolve, intervalSeconds * 1000));
            }
        }
        await this.client?.close();
    }

    /** @throws Failure when TLS cannot start with this certificate and key */
    private warn(): void {
        const { chainPem, keyPem } = this.credentials;
        this.problems = visibleProblems({ deviceId: this.id, chainPem, keyPem });
        this.problems.forEach((problem) => say(this.id, `warning: ${problem}`));
        try {
            createSecureContext({ cert: chainPem, key: keyPem });
        } catch (error) {
            throw new Failure([`could not connect: ${inWords("TLS", error as Error)}`]);
        }
    }

    /** After renewal, a device created by the provisioning service is refused until it has registered again. */
    private async registerAgain(error: Error): Promise<void> {
        const isRefused = error instanceof Refused || error instanceof errors.UnauthorizedError;
        if (!isRefused || this.flags.idScope === undefined) {
            throw error;
        }
        say(this.id, "refused by the hub: registering again");
        this.client?.removeAllListeners();
        this.credentials = readCredentials(this.flags);
        this.warn();
        await this.open(await this.findHub());
    }

    /** @throws Failure or its subclass Refused */
    private async open(connectionString: string): Promise<void> {
        const client = Client.fromConnectionString(connectionString, Mqtt);
        this.client = client;
        const { chainPem, keyPem } = this.credentials;
        await client.setOptions({ cert: chainPem, key: keyPem });
        // Starts at 100 ms, doubles up to 10 s with jitter, and does not retry what cannot succeed.
        client.setRetryPolicy(new ExponentialBackOffWithJitter(true));
        client.on("connect", () => say(this.id, "connected with its certificate"));
        client.on("disconnect", () => say(this.id, "disconnected"));
        client.on("error", (error: Error) => say(this.id, `error: ${error.message}`));
        try {
            await client.open();
        } catch (error) {
            client.removeAllListeners();
            throw await this.explained(connectionString, error as Error);
        }
        await reportCertificate(client, chainPem).catch((error: Error) =>
            say(this.id, `warning: its certificate is not in its twin: ${error.message}`),
        );
    }

    private async explained(connectionString: string, error: Error): Promise<Failure> {
        const host = /(?:^|;)HostName=([^;]+)/.exec(connectionString)?.[1] ?? "";
        const problem = await connectionProblem(host, this.credentials);
        if (problem !== undefined) {
            return new Failure([`could not connect: ${problem}`]);
        }
        return error instanceof errors.UnauthorizedError
            ? new Refused(this.problems)
            : new Failure([`could not connect: ${error.message}`]);
    }

    private async findHub(): Promise<string> {
        const idScope = this.flags.idScope ?? "";
        try {
            const connectionString = await register({
                idScope,
                registrationId: this.id,
                ...this.credentials,
            });
            say(this.id, `registered: ${connectionString}`);
            return connectionString;
        } catch (error) {
            const problem = await connectionProblem(globalProvisioningHost, this.credentials);
            if (problem !== undefined) {
                throw new Failure([`could not register: ${problem}`]);
            }
            throw new Failure([
                `could not register: ${registrationReason(error as Error, idScope)}`,
                ...this.problems.map((one) => `  ${one}`),
            ]);
        }
    }
}

/** The hub refused the device. */
class Refused extends Failure {
    constructor(problems: readonly string[]) {
        super([
            "refused: the hub does not accept this device.",
            ...(problems.length > 0
                ? problems.map((problem) => `  ${problem}`)
                : [
                      "The device's files look correct. On the hub, one of these applies:",
                      ...hubSideReasons.map((reason) => `  - ${reason}`),
                  ]),
        ]);
    }
}

function say(deviceId: string, text: string): void {
    process.stdout.write(`${deviceId}: ${text}\n`);
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
