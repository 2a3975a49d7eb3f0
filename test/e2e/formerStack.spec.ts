import { strict as assert } from "assert";
import { execFile } from "child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { EmulatorProcess } from "../../scripts/lib/emulatorProcess";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { returnCode } from "../support/mqttClient";
import { requirePulumi } from "../support/tools";

const run = promisify(execFile);
const fixture = path.resolve(__dirname, "../fixtures/formerStack");
const largestOutput = 64 * 1024 * 1024;

interface Outputs {
    readonly hub: { readonly hostName: string };
    readonly devices: Readonly<
        Record<string, { readonly chain: string; readonly privateKey: string }>
    >;
}

interface Identity {
    readonly deviceId: string;
    readonly generationId: string;
}

/** States outlive the code that wrote them: this one holds the texts and types of an earlier version. */
describe("a stack that an earlier version of the program made", function () {
    this.timeout(300_000);
    let folder: string;
    let emulator: EmulatorProcess;
    let project: ProjectCopy;
    let pulumi: (...args: readonly string[]) => Promise<string>;
    let former: Outputs;
    let identities: readonly Identity[];

    before(async function () {
        const { pulumiHome } = requirePulumi(this);
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-former-"));
        const stateFile = path.join(folder, "emulator.json");
        cpSync(path.join(fixture, "emulator.json"), stateFile);
        emulator = await EmulatorProcess.start({ folder, flags: ["--state-file", stateFile] });
        project = ProjectCopy.make({ environment: emulator.environment(), pulumiHome });
        const stacks = project.file(".pulumi", "stacks", "iot-x509");
        mkdirSync(stacks, { recursive: true });
        writeFileSync(project.file(".pulumi", "meta.yaml"), "version: 1\n");
        cpSync(path.join(fixture, "state.json"), path.join(stacks, "former.json"));
        cpSync(path.join(fixture, "Pulumi.former.yaml"), project.file("Pulumi.former.yaml"));
        for (const file of ["pump-02.csr", "self-01.pem"]) {
            cpSync(path.join(fixture, file), project.file("devices", file));
        }
        const { workspace } = await project.stack("former");
        pulumi = async (...args) => {
            const all = [...args, "--stack", "former", "--non-interactive"];
            const { stdout } = await run(workspace.pulumiCommand.command, all, {
                cwd: project.folder,
                env: { ...process.env, ...project.environment },
                maxBuffer: largestOutput,
            });
            return stdout;
        };
        former = await outputs();
        identities = await devicesOfHub();
    });

    after(async () => {
        await emulator?.stop();
        project?.remove();
        rmSync(folder, { recursive: true, force: true });
    });

    async function outputs(): Promise<Outputs> {
        return JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets")) as Outputs;
    }

    /** As the emulator holds them. */
    async function dump(): Promise<{
        hubs: { hubs: readonly { devices: readonly Identity[] }[] };
        provisioning: { services: readonly unknown[] };
        arm: { groups: readonly unknown[] };
    }> {
        const { EMULATOR_MANAGEMENT: management } = emulator.environment();
        return (await (await fetch(`${management}/dump`)).json()) as never;
    }

    async function devicesOfHub(): Promise<readonly Identity[]> {
        const [hub] = (await dump()).hubs.hubs;
        return hub.devices.map(({ deviceId, generationId }) => ({ deviceId, generationId }));
    }

    /** The CONNACK of a device with the certificate and key that the earlier version gave it. */
    function connack(id: string): Promise<number> {
        const { NODE_EXTRA_CA_CERTS: caFile = "", EMULATOR_MQTT_PORT: port } =
            emulator.environment();
        const { chain, privateKey } = former.devices[id];
        return returnCode({
            port: Number(port),
            ca: readFileSync(caFile, "utf8"),
            host: former.hub.hostName,
            deviceId: id,
            leaf: { certificate: chain, key: privateKey } as never,
        });
    }

    it("is refreshed without a difference", async () => {
        await pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    });

    it("is updated: a device is added, all others keep certificate, key and identity", async () => {
        project.changeSettings("former", (config) => {
            (config["iot-x509:devices"] as unknown[]).push({ id: "pump-03", group: "pumps" });
        });
        await pulumi("up", "--yes", "--skip-preview");
        const { devices } = await outputs();
        for (const [id, { chain, privateKey }] of Object.entries(former.devices)) {
            assert.deepEqual(
                [id, devices[id].chain, devices[id].privateKey],
                [id, chain, privateKey],
            );
        }
        const now = await devicesOfHub();
        for (const identity of identities) {
            assert.ok(
                now.some((one) => one.generationId === identity.generationId),
                identity.deviceId,
            );
        }
        assert.ok(now.some(({ deviceId }) => deviceId === "pump-03"));
        await pulumi("preview", "--expect-no-changes");
    });

    it("a device connects with the certificate of the earlier version", async () => {
        assert.equal(await connack("pump-01"), 0);
    });

    it("is destroyed completely", async () => {
        await pulumi("destroy", "--yes", "--skip-preview");
        const { hubs, provisioning, arm } = await dump();
        assert.deepEqual([hubs.hubs, provisioning.services, arm.groups], [[], [], []]);
    });
});
