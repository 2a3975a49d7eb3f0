/*
 * The main job on the emulator, for real: the Pulumi CLI brings up the dev stack, devices connect with their
 * certificates, an intruder is refused, the fleet grows by one line, and everything is taken down again.
 *
 *   npm run demo -- [--keep] [--official]
 *
 *   --keep      leaves emulator and stack running and says how to use them
 *   --official  takes the official azure-native plugin (some hundreds of MB) instead of the emulator's stand-in
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { parseArgs } from "util";
import { Stack } from "@pulumi/pulumi/automation";
import { lookAlike, requestingDevice, selfSignedDevice } from "./lib/demoCertificates";
import { runDevice } from "./lib/demoDevices";
import { EmulatorProcess } from "./lib/emulatorProcess";
import { officialPlugin } from "./lib/officialPlugin";
import { Progress } from "./lib/progress";
import { ProjectCopy } from "./lib/projectCopy";

const messagesPerDevice = 3;
const progress = new Progress(8);

interface Toolchain {
    readonly cli: string | null;
    readonly pulumiHome: string;
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

/** Everything that one run of the demo has in its hands. */
class Demo {
    /** Keys that never leave the devices, by device ID. */
    private readonly deviceKeys = new Map<string, string>();
    /** Certificates that devices signed themselves. */
    private readonly ownCertificates = new Map<string, string>();

    constructor(
        private readonly emulator: EmulatorProcess,
        readonly project: ProjectCopy,
        private readonly folder: string,
        private readonly stack: Stack,
    ) {}

    /** The devices of the dev stack that have keys of their own make them now. */
    async makeDeviceKeys(): Promise<void> {
        const { csrPem, keyPem } = await requestingDevice("pump-01");
        writeFileSync(this.project.file("devices/dev/pump-01.csr"), csrPem);
        this.deviceKeys.set("pump-01", keyPem);
        progress.say("pump-01 made a key and a signing request; the key stays where it is");

        const gateway = await selfSignedDevice("gateway-01");
        writeFileSync(this.project.file("devices/dev/gateway-01.pem"), gateway.certificatePem);
        this.deviceKeys.set("gateway-01", gateway.keyPem);
        this.ownCertificates.set("gateway-01", gateway.certificatePem);
        progress.say("gateway-01 made a key and a self-signed certificate");
    }

    async up(): Promise<void> {
        const { summary } = await this.stack.up(quietly);
        const made = Object.entries(summary.resourceChanges ?? {}).map(([op, n]) => `${n} ${op}`);
        progress.fact(`pulumi up: ${made.join(", ")}`);
        await this.sayTrust();
    }

    private async sayTrust(): Promise<void> {
        const { trusted, hub } = await this.outputs();
        const certificates = Object.values(trusted as Record<string, { isVerified: boolean }>);
        const verified = certificates.filter((one) => one.isVerified).length;
        expect(verified === certificates.length, "a CA on the hub is not verified");
        const { hostName } = hub as { hostName: string };
        progress.fact(`${verified} of ${certificates.length} CAs on ${hostName} are verified`);
    }

    async connect(deviceIds: readonly string[]): Promise<void> {
        for (const deviceId of deviceIds) {
            const run = await runDevice(
                { deviceId, ...(await this.credentials(deviceId)) },
                path.join(this.folder, deviceId),
                this.emulator.environment(),
                messagesPerDevice,
            );
            expect(run.status === 0, `${deviceId} could not connect:\n${run.lines.join("\n")}`);
            const received = await this.received(deviceId);
            const byCertificate = received.filter((message) =>
                /"type":"x509"/.test(message.systemProperties["iothub-connection-auth-method"]),
            );
            expect(
                byCertificate.length === messagesPerDevice,
                `${deviceId}: the hub has ${byCertificate.length} messages with X.509, not ${messagesPerDevice}`,
            );
            progress.fact(
                `${deviceId} connected; the hub has its ${received.length} messages, auth type x509`,
            );
        }
    }

    /** A device that must not get in, and the reason that the hub's side gives. */
    async refused(
        deviceId: string,
        title: string,
        chainPem: string,
        keyPem: string,
    ): Promise<void> {
        await this.emulator.manage("DELETE", "/refusals");
        const { connectionString } = await this.output(deviceId);
        const run = await runDevice(
            { deviceId, connectionString, chainPem, keyPem },
            path.join(this.folder, `refused-${deviceId}`),
            this.emulator.environment(),
            1,
        );
        expect(run.status === 1, `${title} was not refused:\n${run.lines.join("\n")}`);
        const refusals = await this.emulator.manage<{ reason: string; detail: string }[]>(
            "GET",
            "/refusals",
        );
        expect(refusals.length > 0, `${title}: the emulator has no refusal to show`);
        progress.fact(`${title} was refused: ${refusals[0].reason}`);
        progress.say(refusals[0].detail);
    }

    async rogue(): Promise<void> {
        const { chain } = await this.output("sensor-01");
        const { chainPem, keyPem } = await lookAlike(chain ?? "");
        await this.refused("sensor-01", "An intruder with a look-alike CA", chainPem, keyPem);
        const disabled = await this.credentials("sensor-02");
        const { chainPem: own, keyPem: ownKey } = disabled;
        await this.refused("sensor-02", "sensor-02, disabled in the configuration,", own, ownKey);
    }

    async addDevice(): Promise<void> {
        this.project.changeSettings("dev", (config) => {
            (config["iot-x509:devices"] as unknown[]).push({ id: "sensor-03", group: "sensors" });
        });
        progress.say("+ - id: sensor-03");
        progress.say("+   group: sensors");
        const { changeSummary } = await this.stack.preview(quietly);
        const { create, same, ...others } = changeSummary;
        expect(
            create === 2 && Object.keys(others).length === 0,
            `the preview shows ${JSON.stringify(changeSummary)}, not 2 to create and nothing else`,
        );
        progress.fact(`pulumi preview: 2 to create (certificate, identity), ${same} unchanged`);
        await this.stack.up(quietly);
        await this.connect(["sensor-03"]);
    }

    async destroy(): Promise<void> {
        await this.stack.destroy(quietly);
        const hubs = await this.emulator.manage<unknown[]>("GET", "/hubs");
        expect(hubs.length === 0, `${hubs.length} hubs are left on the emulator`);
        progress.fact("pulumi destroy: the emulator is empty");
    }

    private async credentials(deviceId: string) {
        const { connectionString, chain, privateKey } = await this.output(deviceId);
        const chainPem = this.ownCertificates.get(deviceId) ?? chain;
        const keyPem = this.deviceKeys.get(deviceId) ?? privateKey;
        if (chainPem === undefined || keyPem === undefined) {
            throw new Error(`the stack has no credentials of ${deviceId}`);
        }
        return { connectionString, chainPem, keyPem };
    }

    private async output(deviceId: string): Promise<DeviceOutput> {
        const { devices } = await this.outputs();
        return (devices as Record<string, DeviceOutput>)[deviceId];
    }

    private async outputs(): Promise<Record<string, unknown>> {
        const outputs = await this.stack.outputs();
        return Object.fromEntries(
            Object.entries(outputs).map(([name, { value }]) => [name, value]),
        );
    }

    private async received(deviceId: string): Promise<readonly Telemetry[]> {
        const { messages } = await this.emulator.manage<{ messages: Telemetry[] }>(
            "GET",
            `/messages?deviceId=${deviceId}`,
        );
        return messages;
    }
}

function expect(condition: boolean, otherwise: string): void {
    if (!condition) {
        throw new Error(otherwise);
    }
}

/** The engine's own lines, without those that only tell that something has begun. */
const quietly = {
    suppressOutputs: true,
    suppressProgress: true,
    onOutput: (output: string): void => {
        const lines = output.split("\n").filter((line) => !/^\s*$|^[@.]|ing \(\d+s\)/.test(line));
        lines.forEach((line) => progress.say(line));
    },
};

async function main(): Promise<void> {
    const { values: flags } = parseArgs({
        options: {
            keep: { type: "boolean", default: false },
            official: { type: "boolean", default: false },
        },
    });
    const toolchain = JSON.parse(
        readFileSync(path.join(__dirname, "../.local/toolchain.json"), "utf8"),
    ) as Toolchain;
    if (toolchain.cli === null) {
        throw new Error("there is no Pulumi CLI on this machine; see what `npm run setup` says");
    }
    const pulumiHome = flags.official ? officialPlugin(toolchain.pulumiHome) : toolchain.pulumiHome;
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-demo-"));
    const emulator = await progress.step("The local Azure starts", async () => {
        const started = await EmulatorProcess.start({ folder });
        progress.say(`all Azure hosts answer at ${started.ready.proxy}`);
        return started;
    });
    const project = ProjectCopy.make({ environment: emulator.environment(), pulumiHome });
    const cleanUp = async (): Promise<void> => {
        await emulator.stop();
        project.remove();
        rmSync(folder, { recursive: true, force: true });
    };
    try {
        await run(emulator, project, folder, flags.keep);
    } catch (error) {
        await cleanUp();
        throw error;
    }
    progress.summary();
    if (flags.keep) {
        sayHowToUse(emulator, project);
    } else {
        await cleanUp();
    }
}

async function run(
    emulator: EmulatorProcess,
    project: ProjectCopy,
    folder: string,
    keep: boolean,
): Promise<void> {
    const stack = await project.stack("dev");
    const demo = new Demo(emulator, project, folder, stack);
    await progress.step("Devices that keep their keys make them", () => demo.makeDeviceKeys());
    await progress.step("pulumi up: CAs, hub, proofs of possession, five devices", () => demo.up());
    await progress.step("The devices connect with certificate and chain, and send telemetry", () =>
        demo.connect(["pump-01", "pump-02", "sensor-01", "gateway-01"]),
    );
    await progress.step("An intruder and a disabled device are refused", () => demo.rogue());
    await progress.step("The fleet grows by one device", () => demo.addDevice());
    await progress.step("Another preview shows no change", async () => {
        const { changeSummary } = await stack.preview();
        const changes = Object.keys(changeSummary).filter((op) => op !== "same");
        expect(changes.length === 0, `the preview shows ${JSON.stringify(changeSummary)}`);
        progress.fact(`pulumi preview: ${changeSummary.same} unchanged, nothing to do`);
    });
    if (keep) {
        return;
    }
    await progress.step("pulumi destroy", () => demo.destroy());
}

function sayHowToUse(emulator: EmulatorProcess, project: ProjectCopy): void {
    emulator.detach();
    const { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE } = project.environment;
    process.stdout.write(`
The emulator and the stack keep running. In bash, for az, pulumi and the SDKs:
  source ${path.join(__dirname, "../.local/env")}
  source ${emulator.ready.envFile}
  export PULUMI_BACKEND_URL='${PULUMI_BACKEND_URL}' PULUMI_CONFIG_PASSPHRASE='${PULUMI_CONFIG_PASSPHRASE}'
  cd ${project.folder} && pulumi stack output --stack dev
What came in and who was refused:  curl ${emulator.ready.management}/messages  (/refusals, /connections)
To end it:  kill ${emulator.pid}; rm -r ${project.folder}
`);
}

main().catch((error: Error) => {
    process.stderr.write(`\nThe demo failed: ${error.message}\n`);
    process.exit(1);
});
