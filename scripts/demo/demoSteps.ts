import { X509Certificate } from "crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import {
    localhostServer,
    lookAlike,
    requestingDevice,
    selfSignedDevice,
} from "../lib/sampleCertificates";
import { DeviceFiles, runDevice, runDeviceIn } from "./demoDevices";
import { EmulatorProcess } from "../lib/emulatorProcess";
import { EstService } from "../lib/estProcess";
import { Progress } from "../lib/progress";
import { ProjectCopy } from "../lib/projectCopy";

const messagesPerDevice = 3;

/** What runs the program. */
export interface Engine {
    /** Makes the stack; tells in a few words what was made. */
    up(): Promise<string>;
    outputs(): Promise<Record<string, unknown>>;
    /** Deletes the stack; tells what did it. */
    destroy(): Promise<string>;
}

interface DeviceOutput {
    readonly connectionString: string;
    readonly chain?: string;
    readonly privateKey?: string;
}

interface Telemetry {
    readonly deviceId: string;
    readonly systemProperties: Readonly<Record<string, string>>;
}

/** Of the stages that are open. */
const folders = new Set<string>();

/** Removes what the open stages wrote, when this process is being ended. */
export function removeStages(): void {
    folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
}

/** Everything that one run of the demo has in its hands: a local Azure, a copy of the program, a folder for devices. */
export class Stage {
    private constructor(
        readonly emulator: EmulatorProcess,
        readonly project: ProjectCopy,
        readonly folder: string,
    ) {}

    static async open(progress: Progress, pulumiHome: string): Promise<Stage> {
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-demo-"));
        folders.add(folder);
        const emulator = await progress.step("The local Azure starts", async () => {
            const started = await EmulatorProcess.start({ folder });
            progress.say(`all Azure hosts answer at ${started.ready.proxy}`);
            return started;
        });
        const project = ProjectCopy.make({ environment: emulator.environment(), pulumiHome });
        folders.add(project.folder);
        return new Stage(emulator, project, folder);
    }

    async close(): Promise<void> {
        await this.emulator.stop();
        this.project.remove();
        rmSync(this.folder, { recursive: true, force: true });
    }
}

/** The steps of the demo that are the same whatever runs the program. */
export class Demo {
    /** Keys that never leave the devices, by device ID. */
    private readonly deviceKeys = new Map<string, string>();
    /** Certificates that devices signed themselves. */
    private readonly ownCertificates = new Map<string, string>();

    constructor(
        private readonly progress: Progress,
        private readonly stage: Stage,
        private readonly engine: Engine,
    ) {}

    /** The devices of the dev stack that have keys of their own make them now. */
    async makeDeviceKeys(): Promise<void> {
        const { csrPem, keyPem } = await requestingDevice("pump-01");
        writeFileSync(this.stage.project.file("devices/dev/pump-01.csr"), csrPem);
        this.deviceKeys.set("pump-01", keyPem);
        this.progress.say(
            "pump-01 created a key and a signing request; the key stays on the device",
        );

        const gateway = await selfSignedDevice("gateway-01");
        writeFileSync(
            this.stage.project.file("devices/dev/gateway-01.pem"),
            gateway.certificatePem,
        );
        this.deviceKeys.set("gateway-01", gateway.keyPem);
        this.ownCertificates.set("gateway-01", gateway.certificatePem);
        this.progress.say("gateway-01 created a key and a self-signed certificate");
    }

    async up(): Promise<void> {
        this.progress.fact(await this.engine.up());
        await this.sayTrust();
    }

    private async sayTrust(): Promise<void> {
        const { trusted, hub } = await this.engine.outputs();
        const certificates = Object.values(trusted as Record<string, { isVerified: boolean }>);
        const verified = certificates.filter((one) => one.isVerified).length;
        expect(verified === certificates.length, "a CA on the hub is not verified");
        const { hostName } = hub as { hostName: string };
        this.progress.fact(`${verified} of ${certificates.length} CAs on ${hostName} are verified`);
    }

    async connect(deviceIds: readonly string[]): Promise<void> {
        for (const deviceId of deviceIds) {
            const { connectionString } = await this.output(deviceId);
            await this.send(deviceId, { connectionString }, "connected");
        }
    }

    /** A device that is listed nowhere and knows the ID scope alone. */
    async register(deviceId: string): Promise<void> {
        const { provisioning } = await this.engine.outputs();
        const { idScope } = provisioning as { idScope: string };
        await this.send(deviceId, { idScope }, `registered at ${idScope} and was assigned its hub`);
    }

    private async send(
        deviceId: string,
        target: DeviceFiles["target"],
        what: string,
    ): Promise<void> {
        const run = await runDevice(
            { deviceId, target, ...(await this.credentials(deviceId)) },
            path.join(this.stage.folder, deviceId),
            this.stage.emulator.environment(),
            messagesPerDevice,
        );
        expect(run.status === 0, `${deviceId} could not connect:\n${run.lines.join("\n")}`);
        const received = await this.received(deviceId);
        const byCertificate = received.filter((message) =>
            /"type":"x509"/.test(message.systemProperties["iothub-connection-auth-method"]),
        );
        expect(
            byCertificate.length === messagesPerDevice,
            `${deviceId}: the hub received ${byCertificate.length} messages with X.509, not ${messagesPerDevice}`,
        );
        this.progress.fact(
            `${deviceId} ${what}; the hub received its ${received.length} messages, auth type x509`,
        );
    }

    /** A device that must not get in, and the reason that the hub's side gives. */
    async refused(
        deviceId: string,
        title: string,
        chainPem: string,
        keyPem: string,
    ): Promise<void> {
        await this.stage.emulator.manage("DELETE", "/refusals");
        const { connectionString } = await this.output(deviceId);
        const run = await runDevice(
            { deviceId, target: { connectionString }, chainPem, keyPem },
            path.join(this.stage.folder, `refused-${deviceId}`),
            this.stage.emulator.environment(),
            1,
        );
        expect(run.status === 1, `${title} was not refused:\n${run.lines.join("\n")}`);
        const refusals = await this.stage.emulator.manage<{ reason: string; detail: string }[]>(
            "GET",
            "/refusals",
        );
        expect(refusals.length > 0, `${title}: the emulator recorded no refusal`);
        this.progress.fact(`${title} was refused: ${refusals[0].reason}`);
        this.progress.say(refusals[0].detail);
    }

    async rejectIntruder(): Promise<void> {
        const { chain } = await this.output("sensor-01");
        const { chainPem, keyPem } = await lookAlike(chain ?? "");
        await this.refused("sensor-01", "An intruder with a look-alike CA", chainPem, keyPem);
        const disabled = await this.credentials("sensor-02");
        const { chainPem: own, keyPem: ownKey } = disabled;
        await this.refused("sensor-02", "sensor-02, disabled in the configuration,", own, ownKey);
    }

    /**
     * Days later, a device renews its certificate by itself, at `npm run est` beside the stack.
     *
     * @param days from 68 to 89 of the 90 that its certificate is valid
     */
    async renew(deviceId: string, group: string, days: number): Promise<void> {
        const { emulator, project, folder } = this.stage;
        const { connectionString } = await this.output(deviceId);
        const own = path.join(folder, "est");
        mkdirSync(own, { mode: 0o700 });
        const [certificate, key] = ["server.pem", "server.key"].map((one) => path.join(own, one));
        const server = await localhostServer();
        writeFileSync(certificate, server.certificatePem);
        writeFileSync(key, server.keyPem, { mode: 0o600 });
        const device = path.join(folder, deviceId);
        const chain = () => new X509Certificate(readFileSync(path.join(device, "chain.pem")));
        const before = chain();
        const seconds = days * 24 * 3600;
        await emulator.manage("PUT", "/clock", { offsetSeconds: seconds });
        const service = await EstService.start(
            project.folder,
            later(project.environment, seconds),
            ["--stack", "dev", "--certificate", certificate, "--key", key].concat(
                "--audit",
                path.join(own, "audit.jsonl"),
            ),
        );
        try {
            const run = await runDeviceIn(
                device,
                { connectionString },
                later(emulator.environment(), seconds),
                messagesPerDevice,
                ["--est", service.url, "--group", group, "--est-ca", certificate],
            );
            expect(run.status === 0, `${deviceId} could not connect:\n${run.lines.join("\n")}`);
            const { validTo, publicKey } = chain();
            expect(
                !publicKey.equals(before.publicKey),
                `${deviceId} did not renew:\n${run.lines.join("\n")}`,
            );
            run.lines.forEach((line) => this.progress.say(line));
            const end = new Date(validTo).toISOString().slice(0, 10);
            this.progress.fact(
                `${days} days later, ${deviceId} renewed by EST: new key, valid until ${end}, connected with it`,
            );
        } finally {
            await service.stop();
            await emulator.manage("PUT", "/clock", { offsetSeconds: 0 });
        }
    }

    async destroy(): Promise<void> {
        const done = await this.engine.destroy();
        const hubs = await this.stage.emulator.manage<unknown[]>("GET", "/hubs");
        expect(hubs.length === 0, `${hubs.length} hubs are left on the emulator`);
        this.progress.fact(`${done}: the emulator is empty`);
    }

    private async credentials(deviceId: string) {
        const { chain, privateKey } = await this.output(deviceId);
        const chainPem = this.ownCertificates.get(deviceId) ?? chain;
        const keyPem = this.deviceKeys.get(deviceId) ?? privateKey;
        if (chainPem === undefined || keyPem === undefined) {
            throw new Error(`the stack has no credentials for ${deviceId}`);
        }
        return { chainPem, keyPem };
    }

    private async output(deviceId: string): Promise<DeviceOutput> {
        const { devices } = await this.engine.outputs();
        return (devices as Record<string, DeviceOutput>)[deviceId];
    }

    private async received(deviceId: string): Promise<readonly Telemetry[]> {
        const { messages } = await this.stage.emulator.manage<{ messages: Telemetry[] }>(
            "GET",
            `/messages?deviceId=${deviceId}`,
        );
        return messages;
    }
}

/** The environment of a process that lives later than this one. */
function later(environment: NodeJS.ProcessEnv, seconds: number): NodeJS.ProcessEnv {
    const clock = path.join(__dirname, "../lib/laterClock.js");
    return {
        ...environment,
        NODE_OPTIONS: `${environment.NODE_OPTIONS ?? ""} --require "${clock}"`,
        LATER_CLOCK_SECONDS: String(seconds),
    };
}

export function expect(condition: boolean, otherwise: string): void {
    if (!condition) {
        throw new Error(otherwise);
    }
}
