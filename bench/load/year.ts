import { createHash, randomBytes, X509Certificate } from "crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "fs";
import { createServer } from "net";
import type { AddressInfo } from "net";
import { tmpdir } from "os";
import * as path from "path";
import { Message } from "azure-iot-common";
import type { Stack } from "@pulumi/pulumi/automation";
import { CredentialFiles, Credentials } from "../../sample-device/credentialFiles";
import { HubConnection } from "../../sample-device/hubConnection";
import { endOf, Renewal } from "../../sample-device/renewal";
import { EstService } from "../../scripts/lib/estProcess";
import { inParallel } from "../../scripts/lib/inParallel";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { localhostServer } from "../../scripts/lib/sampleCertificates";
import { readToolchain } from "../../scripts/lib/toolchain";
import { dropGroup, iotHubClient } from "../support/iotHubClient";
import { shared } from "../support/sharedEmulator";

export interface YearFigures {
    readonly devices: number;
    /** Connections to the hub, each with a message that the hub acknowledged. */
    readonly connections: number;
    /** Certificates that took the place of one before. */
    readonly renewals: number;
    /** Times that the EST service was not there when a device asked, or refused. */
    readonly failedRenewals: number;
    /** Refused by the hub, although nothing was wrong. */
    readonly refusedByHub: number;
    /**
     * Refused by the hub as it must be: once before a device's first registration, and once after each renewal, because it knows
     * the device by the former certificate until that registers again. More than that counts as {@link refusedByHub}.
     */
    readonly refusedUntilRegistered: number;
    readonly refusedRegistrations: number;
    readonly refusedByEst: number;
    /** The least life that a certificate had left when it was replaced, in days. */
    readonly leastDaysLeft: number;
    /** Devices whose certificate is of the new CA when the old one goes. */
    readonly movedBeforeCaWent: number;
}

const seconds = 24 * 3600;
const day = seconds * 1000;
const year = 365;
const validityDays = 90;
/** Days on which the EST service is down: most of the first certificates are due. */
const down = { from: 66, to: 73 };
const newCa = 150;
/** After more than one life of a certificate. */
const oldCaGoes = 250;
const atOnce = 10;
const policy = { keyAlgorithm: "ECDSA-P256", validityDays, renewBeforeDays: 30 };

/** How the hub knows a device, and what the device knows. */
type Kind = "listed" | "dps" | "dpsWithHub" | "thumbprint";
const kinds: readonly Kind[] = ["listed", "listed", "dps", "dpsWithHub", "thumbprint"];

/** A device as `sample-device/device.ts` runs it, which is switched on for a message now and then. */
interface Device {
    readonly id: string;
    readonly kind: Kind;
    readonly files: CredentialFiles;
    readonly connection: HubConnection;
    readonly renewal: Renewal;
    renewals: number;
}

/**
 * Devices live through a year on a clock that this process moves: their own, that of the emulator, of the EST service and of the
 * engine. A new CA comes in the middle and the old one goes; the EST service is down for a week.
 *
 * @param stepDays how often a device connects
 */
export async function runYear(devices: number, stepDays: number): Promise<YearFigures> {
    const world = await World.make(devices);
    try {
        return await world.live(stepDays);
    } finally {
        await world.end();
    }
}

class World {
    private readonly found = {
        connections: 0,
        renewals: 0,
        failedRenewals: 0,
        leastDaysLeft: validityDays,
        movedBeforeCaWent: 0,
        refusedByEst: 0,
    };
    private service: EstService | undefined;
    private devices: readonly Device[] = [];
    private refusedBefore = 0;

    private constructor(
        private readonly folder: string,
        private readonly project: ProjectCopy,
        private readonly stack: Stack,
        private readonly hub: string,
        private readonly port: number,
    ) {}

    static async make(count: number): Promise<World> {
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-year-"));
        const clock = path.join(__dirname, "../../scripts/lib/laterClock.js");
        process.env.LATER_CLOCK_FILE = path.join(folder, "clock");
        writeFileSync(process.env.LATER_CLOCK_FILE, "0");
        await import(clock);
        process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --require "${clock}"`;
        const project = ProjectCopy.make({
            environment: process.env,
            pulumiHome: readToolchain().pulumiHome,
        });
        const hub = `iot-year-${randomBytes(3).toString("hex")}`;
        const world = new World(
            folder,
            project,
            await project.stack("year"),
            hub,
            await freePort(),
        );
        try {
            await world.prepare(count);
        } catch (error) {
            await world.end();
            throw error;
        }
        return world;
    }

    private async prepare(count: number): Promise<void> {
        const server = await localhostServer();
        writeFileSync(this.file("est.pem"), server.certificatePem);
        writeFileSync(this.file("est.key"), server.keyPem, { mode: 0o600 });
        const all = Array.from({ length: count }, (_, index) => ({
            id: `device-${index + 1}`,
            kind: kinds[index % kinds.length],
        }));
        const secrets = new Map(all.map(({ id }) => [id, randomBytes(24).toString("base64")]));
        const rows = all
            .filter(({ kind }) => kind === "thumbprint")
            .map(({ id }) => `${id},${sha256(secrets.get(id) ?? "")},2099-01-01`);
        writeFileSync(
            this.project.file("secrets.csv"),
            ["device,sha256,expires", ...rows, ""].join("\n"),
        );
        this.settings({
            hub: { name: this.hub },
            dps: {},
            outputDevices: all.map(({ id }) => id),
            groups: { pumps: policy, meters: { ...policy, provisioning: "dps" } },
            est: { bootstrap: [{ group: "pumps", secrets: "secrets.csv" }] },
            devices: all.map(({ id, kind }) =>
                kind === "thumbprint"
                    ? { id, auth: "thumbprint", thumbprints: [sha256(id).toUpperCase()] }
                    : { id, group: kind === "listed" ? "pumps" : "meters" },
            ),
        });
        await this.stack.up();
        const outputs = await this.stack.outputs();
        const given = outputs.devices.value as Record<
            string,
            { chain?: string; privateKey?: string }
        >;
        const { idScope } = outputs.provisioning.value as { idScope: string };
        this.devices = all.map(({ id, kind }) => {
            const { chain, privateKey } = given[id];
            return this.device(id, kind, idScope, chain, privateKey, secrets.get(id) ?? "");
        });
        await this.serve();
    }

    /** With the files that the stack has for it, or with its one-time secret. */
    private device(
        id: string,
        kind: Kind,
        idScope: string,
        chain: string | undefined,
        key: string | undefined,
        secret: string,
    ): Device {
        const home = this.file(id);
        mkdirSync(home, { mode: 0o700 });
        const [certificateFile, keyFile] = ["chain.pem", "device.key"].map((one) =>
            path.join(home, one),
        );
        const files = new CredentialFiles(certificateFile, keyFile);
        if (kind !== "thumbprint") {
            writeFileSync(certificateFile, chain ?? "");
            writeFileSync(keyFile, key ?? "", { mode: 0o600 });
        }
        const connectionString = `HostName=${this.hub}.azure-devices.net;DeviceId=${id};x509=true`;
        const target = {
            connectionString: kind === "dps" ? undefined : connectionString,
            idScope: kind === "dps" || kind === "dpsWithHub" ? idScope : undefined,
        };
        const said = (text: string): void => {
            if (/no new certificate/.test(text)) {
                this.found.failedRenewals++;
            }
        };
        const service = {
            url: `https://localhost:${this.port}`,
            group: target.idScope === undefined ? "pumps" : "meters",
            caPem: readFileSync(this.file("est.pem"), "utf8"),
        };
        const bootstrap = kind === "thumbprint" ? { user: id, password: secret } : undefined;
        return {
            id,
            kind,
            files,
            connection: new HubConnection(id, target, () => present(files), said),
            renewal: new Renewal(
                files,
                { deviceId: id, service, share: 0.7, pauseSeconds: 60, bootstrap },
                said,
            ),
            renewals: 0,
        };
    }

    async live(stepDays: number): Promise<YearFigures> {
        const { manage } = shared();
        await manage("DELETE", "/refusals");
        await manage("DELETE", "/refused-registrations");
        let isNewCa = false;
        let isOldCaGone = false;
        for (let today = 0; today <= year; today += stepDays) {
            await this.setClock(today);
            if (today >= down.from && today < down.to) {
                await this.stopService();
            } else if (this.service === undefined) {
                await this.serve();
            }
            if (today >= newCa && !isNewCa) {
                isNewCa = true;
                await this.change({ generation: 2, retain: [1] });
            }
            if (today >= oldCaGoes && !isOldCaGone) {
                isOldCaGone = true;
                this.found.movedBeforeCaWent = this.devices.filter(({ files }) =>
                    / G2$/m.test(new X509Certificate(present(files).chainPem).issuer),
                ).length;
                await this.change({ generation: 2 });
            }
            await inParallel(atOnce, this.devices, (device) => this.switchOn(device));
        }
        await this.stopService();
        const refusals = await manage<{ hub: string; deviceId: string }[]>("GET", "/refusals");
        const ours = refusals.filter(({ hub }) => hub === this.hub);
        const expected = this.devices
            .filter(({ kind }) => kind === "dpsWithHub")
            .map(({ id, renewals }) =>
                Math.min(renewals + 1, ours.filter(({ deviceId }) => deviceId === id).length),
            )
            .reduce((sum, one) => sum + one, 0);
        const registrations = await manage<unknown[]>("GET", "/refused-registrations");
        return {
            devices: this.devices.length,
            ...this.found,
            refusedByHub: ours.length - expected,
            refusedUntilRegistered: expected,
            refusedRegistrations: registrations.length,
        };
    }

    /** @throws Error when it cannot connect, or its certificate ended while it was in use */
    private async switchOn(device: Device): Promise<void> {
        const { id, files, connection, renewal } = device;
        const found = files.read();
        if (found === undefined) {
            await renewal.start(undefined, (first) => connection.connect(first));
        } else {
            if (endOf(found) <= Date.now()) {
                throw new Error(`the certificate of ${id} ended while it was in use`);
            }
            await connection.connect(found);
        }
        this.found.connections++;
        const before = present(files);
        const isRenewed = await renewal.renewIfDue(before, (next) => connection.switchTo(next));
        if (isRenewed) {
            this.found.connections++;
            this.found.renewals++;
            device.renewals++;
            const left = (endOf(before) - Date.now()) / day;
            this.found.leastDaysLeft = Math.min(this.found.leastDaysLeft, left);
        }
        await connection.send(new Message(JSON.stringify({ id })));
        await connection.close();
    }

    private async setClock(today: number): Promise<void> {
        const next = this.file("clock.new");
        writeFileSync(next, String(today * seconds));
        renameSync(next, this.file("clock"));
        await shared().manage("PUT", "/clock", { offsetSeconds: today * seconds });
    }

    /**
     * Another generation of both CAs, by a run that compares the state with Azure, where devices have renewed; the service is
     * started anew, as an operator would after an update.
     */
    private async change(intermediate: object): Promise<void> {
        const group = { ...policy, intermediate };
        this.settings({ groups: { pumps: group, meters: { ...group, provisioning: "dps" } } });
        await this.stack.up({ refresh: true });
        await this.stopService();
        await this.serve();
    }

    private settings(settings: Readonly<Record<string, unknown>>): void {
        this.project.changeSettings("year", (config) => {
            for (const [name, value] of Object.entries(settings)) {
                config[`iot-x509:${name}`] = value;
            }
        });
    }

    private async serve(): Promise<void> {
        this.service = await EstService.start(this.project.folder, this.project.environment, [
            ...["--stack", "year", "--listen", `127.0.0.1:${this.port}`],
            ...["--certificate", this.file("est.pem"), "--key", this.file("est.key")],
            ...["--audit", this.file("audit.jsonl")],
        ]);
        this.refusedBefore = this.found.refusedByEst;
    }

    private async stopService(): Promise<void> {
        if (this.service !== undefined) {
            await this.service.stop();
            this.found.refusedByEst = this.refusedBefore + this.service.refused;
            this.service = undefined;
        }
    }

    private file(name: string): string {
        return path.join(this.folder, name);
    }

    async end(): Promise<void> {
        await this.stopService();
        await this.setClock(0);
        const { resourceGroupName } = await this.stack.outputs();
        if (resourceGroupName !== undefined) {
            await dropGroup(iotHubClient(), resourceGroupName.value as string);
        }
        this.project.remove();
        rmSync(this.folder, { recursive: true, force: true });
    }
}

function present(files: CredentialFiles): Credentials {
    const found = files.read();
    if (found === undefined) {
        throw new Error("a device has no certificate");
    }
    return found;
}

function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

function freePort(): Promise<number> {
    return new Promise((resolve) => {
        const server = createServer().listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo;
            server.close(() => resolve(port));
        });
    });
}
