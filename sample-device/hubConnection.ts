import { errors, ExponentialBackOffWithJitter, Message } from "azure-iot-common";
import { Client } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { createSecureContext } from "tls";
import { connectionProblem, inWords } from "./connectionProblem";
import { hubSideReasons, visibleProblems } from "./diagnosis";
import type { Credentials } from "./credentialFiles";
import { globalProvisioningHost, register } from "./registration";
import { registrationReason } from "./registrationReason";
import { reportCertificate } from "./reportCertificate";

/** Could not connect; one item per line, in plain words. */
export class Failure extends Error {
    constructor(readonly lines: readonly string[]) {
        super(lines[0]);
    }
}

/** The hub refused the device. */
export class Refused extends Failure {
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

/** At least one of both is set. */
export interface Target {
    /** `HostName=…;DeviceId=…;x509=true` */
    readonly connectionString: string | undefined;
    /** Of the provisioning service, which is asked without a connection string, and after a refusal by the hub. */
    readonly idScope: string | undefined;
}

/** A device's connection to its hub. */
export class HubConnection {
    private client: Client | undefined;
    private used: Credentials | undefined;
    private problems: readonly string[] = [];

    /**
     * @param read the device's files, which may have been renewed since the device connected
     * @param say tells a person what happens
     */
    constructor(
        private readonly id: string,
        private readonly target: Target,
        private readonly read: () => Credentials,
        private readonly say: (text: string) => void,
    ) {}

    /** @throws Failure */
    async connect(credentials: Credentials): Promise<void> {
        this.use(credentials);
        const { connectionString } = this.target;
        if (connectionString === undefined) {
            return this.open(credentials, await this.findHub(credentials));
        }
        try {
            await this.open(credentials, connectionString);
        } catch (error) {
            this.wantRegistration(error as Error);
            await this.open(credentials, await this.findHub(credentials));
        }
    }

    /**
     * Goes over to new credentials. If they do not work, it connects with the former ones again.
     *
     * @throws Failure: why the new ones do not work, or why neither works
     */
    async switchTo(next: Credentials): Promise<void> {
        const former = this.used;
        await this.close();
        try {
            await this.connect(next);
        } catch (error) {
            if (former !== undefined) {
                await this.connect(former);
            }
            throw error;
        }
    }

    /** @throws Failure or an error of the SDK */
    async send(message: Message): Promise<void> {
        try {
            await this.client?.sendEvent(message);
        } catch (error) {
            this.wantRegistration(error as Error);
            this.client?.removeAllListeners();
            const credentials = this.read();
            this.use(credentials);
            await this.open(credentials, await this.findHub(credentials));
            await this.client?.sendEvent(message);
        }
    }

    async close(): Promise<void> {
        const { client } = this;
        this.client = undefined;
        client?.removeAllListeners();
        await client?.close();
    }

    /** @throws Failure when TLS cannot start with this certificate and key */
    private use(credentials: Credentials): void {
        const { chainPem, keyPem } = credentials;
        this.used = credentials;
        this.problems = visibleProblems({ deviceId: this.id, chainPem, keyPem });
        this.problems.forEach((problem) => this.say(`warning: ${problem}`));
        try {
            createSecureContext({ cert: chainPem, key: keyPem });
        } catch (error) {
            throw new Failure([`could not connect: ${inWords("TLS", error as Error)}`]);
        }
    }

    /**
     * After a renewal, the hub refuses a device that the provisioning service created until it has registered again.
     *
     * @throws the error, if registering cannot help
     */
    private wantRegistration(error: Error): void {
        const isRefused = error instanceof Refused || error instanceof errors.UnauthorizedError;
        if (!isRefused || this.target.idScope === undefined) {
            throw error;
        }
        this.say("refused by the hub: registering again");
    }

    /** @throws Failure or its subclass Refused */
    private async open(credentials: Credentials, connectionString: string): Promise<void> {
        const client = Client.fromConnectionString(connectionString, Mqtt);
        this.client = client;
        const { chainPem, keyPem } = credentials;
        await client.setOptions({ cert: chainPem, key: keyPem });
        // Starts at 100 ms, doubles up to 10 s with jitter, and does not retry what cannot succeed.
        client.setRetryPolicy(new ExponentialBackOffWithJitter(true));
        client.on("connect", () => this.say("connected with its certificate"));
        client.on("disconnect", () => this.say("disconnected"));
        client.on("error", (error: Error) => this.say(`error: ${error.message}`));
        try {
            await client.open();
        } catch (error) {
            client.removeAllListeners();
            throw await this.explained(credentials, connectionString, error as Error);
        }
        await reportCertificate(client, chainPem).catch((error: Error) =>
            this.say(`warning: its certificate is not in its twin: ${error.message}`),
        );
    }

    private async explained(
        credentials: Credentials,
        connectionString: string,
        error: Error,
    ): Promise<Failure> {
        const host = /(?:^|;)HostName=([^;]+)/.exec(connectionString)?.[1] ?? "";
        const problem = await connectionProblem(host, credentials);
        if (problem !== undefined) {
            return new Failure([`could not connect: ${problem}`]);
        }
        return error instanceof errors.UnauthorizedError
            ? new Refused(this.problems)
            : new Failure([`could not connect: ${error.message}`]);
    }

    private async findHub(credentials: Credentials): Promise<string> {
        const idScope = this.target.idScope ?? "";
        try {
            const connectionString = await register({
                idScope,
                registrationId: this.id,
                ...credentials,
            });
            this.say(`registered: ${connectionString}`);
            return connectionString;
        } catch (error) {
            const problem = await connectionProblem(globalProvisioningHost, credentials);
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
