import { createHash, randomBytes, X509Certificate } from "crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "fs";
import { createServer } from "net";
import type { AddressInfo } from "net";
import { tmpdir } from "os";
import * as path from "path";
import { Message } from "azure-iot-common";
import type { Stack } from "@pulumi/pulumi/automation";
import { endOf } from "../../sample-device/renewal";
import { EstService } from "../../scripts/lib/estProcess";
import { inParallel } from "../../scripts/lib/inParallel";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { localhostServer } from "../../scripts/lib/sampleCertificates";
import { readToolchain } from "../../scripts/lib/toolchain";
import { dropGroup, iotHubClient } from "../support/iotHubClient";
import { shared } from "../support/sharedEmulator";
import { DailyAlerts } from "./yearAlerts";
import { Device, isStopped, kinds, makeDevice, present, stopped, stopsOn } from "./yearDevices";
import { judge, YearFigures } from "./yearFigures";

const stack = "year";
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

/** The latest that a device asks for a certificate, in shares of its life: `sample-device/renewal.ts` spreads it. */
const latestShare = 0.75;

/**
 * Devices live through a year on a clock that this process moves: their own, that of the emulator, of the EST service and of the
 * engine. A new CA comes in the middle and the old one goes; the EST service is down for a week.
 *
 * @param stepDays how often a device connects
 */
export async function runYear(devices: number, stepDays: number): Promise<YearFigures> {
    const world = await World.make(devices);
    try {
        const figures = await world.live(stepDays);
        judge(figures);
        return figures;
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
    private alerts: DailyAlerts | undefined;
    private refusedBefore = 0;
    /** Whether a certificate or the stack is another than when the alerts read them. */
    private hasChanged = true;

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
        // What `npm run expiry` reads in this process.
        Object.assign(process.env, project.environment);
        process.chdir(project.folder);
        const hub = `iot-year-${randomBytes(3).toString("hex")}`;
        const world = new World(folder, project, await project.stack(stack), hub, await freePort());
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
        const renewing = Array.from({ length: count }, (_, index) => ({
            id: `device-${index + 1}`,
            kind: kinds[index % kinds.length],
        }));
        const all = [...renewing, ...stopped];
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
        const caPem = readFileSync(this.file("est.pem"), "utf8");
        this.devices = all.map(({ id, kind }) =>
            makeDevice(
                { id, kind, home: this.file(id), ...given[id], secret: secrets.get(id) ?? "" },
                { hub: this.hub, idScope, url: `https://localhost:${this.port}`, caPem },
                (text) => this.hear(id, text),
            ),
        );
        await this.serve();
    }

    private hear(id: string, text: string): void {
        if (/no new certificate/.test(text) && !isStopped(id)) {
            this.found.failedRenewals++;
        }
    }

    async live(stepDays: number): Promise<YearFigures> {
        const { manage } = shared();
        await manage("DELETE", "/refusals");
        await manage("DELETE", "/refused-registrations");
        const late = policy.renewBeforeDays - (1 - latestShare) * validityDays;
        const graceDays = Math.ceil(late + (down.to - down.from) + stepDays);
        const log = this.file("audit.jsonl");
        this.alerts = await DailyAlerts.start({ stack, log, folder: this.folder, graceDays });
        let isNewCa = false;
        let isOldCaGone = false;
        for (let today = 0; today <= year; today++) {
            await this.setClock(today);
            if (today % stepDays > 0) {
                await this.alerts.judge();
                continue;
            }
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
                this.found.movedBeforeCaWent = this.devices.filter(
                    ({ id, files }) =>
                        !isStopped(id) &&
                        / G2$/m.test(new X509Certificate(present(files).chainPem).issuer),
                ).length;
                await this.change({ generation: 2 });
            }
            await inParallel(atOnce, this.devices, (device) => this.switchOn(device, today));
            if (this.hasChanged) {
                this.hasChanged = false;
                await this.alerts.read();
            }
            await this.alerts.judge();
        }
        await this.stopService();
        return {
            devices: this.devices.length - stopped.length,
            ...this.found,
            ...(await this.refusals()),
            ...this.alertFigures(this.alerts, policy.renewBeforeDays - graceDays),
        };
    }

    private alertFigures(alerts: DailyAlerts, below: number) {
        const names = new Set(stopped.map(({ id }) => id));
        const bands = new Map([
            [14, below],
            [7, Math.min(7, below)],
            [0, 0],
        ]);
        const counts = this.devices
            .filter(({ id }) => names.has(id))
            .map(({ files }) => {
                const last = present(files);
                const { fingerprint256 } = new X509Certificate(last.chainPem);
                const thumbprint = fingerprint256.replace(/:/g, "");
                return alerts.check({ thumbprint, end: endOf(last) }, bands);
            });
        const others = alerts.others(names);
        others.forEach((one) => console.error(`false alert: ${JSON.stringify(one)}`));
        return {
            falseAlerts: others.length,
            alertsOfStopped: counts.reduce((one, other) => one + other, 0),
        };
    }

    private async refusals() {
        const { manage } = shared();
        const refusals = await manage<{ hub: string; deviceId: string }[]>("GET", "/refusals");
        const ours = refusals.filter(({ hub }) => hub === this.hub);
        const expected = (isCounted: (id: string) => boolean) =>
            this.devices
                .filter(({ id, kind }) => kind === "dpsWithHub" && isCounted(id))
                .map(({ id, renewals }) =>
                    Math.min(renewals + 1, ours.filter(({ deviceId }) => deviceId === id).length),
                )
                .reduce((sum, one) => sum + one, 0);
        const registrations = await manage<unknown[]>("GET", "/refused-registrations");
        return {
            refusedByHub: ours.length - expected(() => true),
            refusedUntilRegistered: expected((id) => !isStopped(id)),
            refusedRegistrations: registrations.length,
        };
    }

    /** @throws Error when it cannot connect, or its certificate ended while it was in use */
    private async switchOn(device: Device, today: number): Promise<void> {
        const { id, files, connection, renewal } = device;
        const found = files.read();
        const mayRenew = !isStopped(id) || today < stopsOn;
        if (found === undefined) {
            await renewal.start(undefined, (first) => connection.connect(first));
        } else {
            if (endOf(found) <= Date.now()) {
                if (!mayRenew) {
                    return;
                }
                throw new Error(`the certificate of ${id} ended while it was in use`);
            }
            await connection.connect(found);
        }
        const before = present(files);
        const isRenewed =
            mayRenew && (await renewal.renewIfDue(before, (next) => connection.switchTo(next)));
        await connection.send(new Message(JSON.stringify({ id })));
        await connection.close();
        if (isRenewed) {
            device.renewals++;
            this.hasChanged = true;
        }
        if (isStopped(id)) {
            return;
        }
        this.found.connections++;
        if (isRenewed) {
            this.found.connections++;
            this.found.renewals++;
            const left = (endOf(before) - Date.now()) / day;
            this.found.leastDaysLeft = Math.min(this.found.leastDaysLeft, left);
        }
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
        this.hasChanged = true;
        await this.stopService();
        await this.serve();
    }

    private settings(settings: Readonly<Record<string, unknown>>): void {
        this.project.changeSettings(stack, (config) => {
            for (const [name, value] of Object.entries(settings)) {
                config[`iot-x509:${name}`] = value;
            }
        });
    }

    private async serve(): Promise<void> {
        this.service = await EstService.start(this.project.folder, this.project.environment, [
            ...["--stack", stack, "--listen", `127.0.0.1:${this.port}`],
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
        this.alerts?.end();
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
