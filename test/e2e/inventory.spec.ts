import * as assert from "assert";
import { execFile } from "child_process";
import { readFileSync, rmSync, writeFileSync } from "fs";
import * as path from "path";
import * as Ajv from "ajv";
import type { InventoryRow } from "../../cli/inventory/row";
import { shared } from "../support/emulator";
import { Deployment } from "../support/deployment";
import { FleetCommand } from "../support/fleetCommand";
import { HeldDevice, heldDevices } from "../support/fleetStates";
import { connects } from "../support/liveDevice";
import { runTypescript } from "../../scripts/lib/runTypescript";

const repository = path.resolve(__dirname, "../..");
const hubName = "iot-inventory";
const ownThumbprint = "0123456789ABCDEF".repeat(4);

interface Outcome {
    readonly status: number;
    readonly stdout: string;
    readonly stderr: string;
}

interface Listed {
    readonly rows: readonly InventoryRow[];
    readonly counts: { readonly certificates: number; readonly devices: number };
}

/** What the commands say, against OpenSSL, the hub's SDK and what devices do. */
describe("npm run inventory, npm run report and npm run expiry", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let held: Map<string, HeldDevice>;
    let rows: readonly InventoryRow[];

    before(async function () {
        deployment = await Deployment.make(this, "stock", {
            hub: { name: hubName },
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                presses: { keyAlgorithm: "ECDSA-P256", validityDays: 90, renewBeforeDays: 30 },
                meters: { keyAlgorithm: "ECDSA-P256", validityDays: 90, renewBeforeDays: 30 },
            },
            devices: [
                { id: "press-1", group: "presses" },
                { id: "press-2", group: "presses", status: "disabled" },
                { id: "meter-1", group: "meters" },
                { id: "meter-2", group: "meters" },
                { id: "own-1", auth: "thumbprint", thumbprints: [ownThumbprint] },
            ],
            outputDevices: [],
        });
        await FleetCommand.run(deployment, "up", "--shards", "2");
        held = heldDevices(deployment);
        const { hub } = await deployment.outputs();
        for (const id of ["press-1", "meter-1"]) {
            const { chain, privateKey } = held.get(id) as HeldDevice;
            const connectionString = `HostName=${hub.hostName};DeviceId=${id};x509=true`;
            await connects({ connectionString, chain, privateKey });
        }
        await reports("meter-2");
        const registry = await deployment.registry();
        await registry.create({
            deviceId: "stranger",
            authentication: {
                type: "selfSigned",
                x509Thumbprint: { primaryThumbprint: "AB".repeat(32) },
            },
        } as unknown as Parameters<typeof registry.create>[0]);
        rows = (await listed()).rows;
    });

    after(() => deployment?.remove());

    /** The sample device, as a person runs it. */
    async function reports(id: string): Promise<void> {
        const { chain, privateKey } = held.get(id) as HeldDevice;
        const { project, variables } = deployment;
        const [certificate, key] = [project.file("device.pem"), project.file("device.key")];
        writeFileSync(certificate, chain);
        writeFileSync(key, privateKey, { mode: 0o600 });
        await new Promise<void>((resolve, reject) => {
            execFile(
                process.execPath,
                [
                    ...runTypescript,
                    "sample-device/device.ts",
                    ...[
                        "--connection-string",
                        `HostName=${hubName}.azure-devices.net;DeviceId=${id};x509=true`,
                    ],
                    ...["--certificate", certificate, "--key", key, "--count", "1"],
                ],
                { cwd: repository, env: { ...process.env, ...variables } },
                (error, stdout) => (error === null ? resolve() : reject(new Error(stdout))),
            );
        });
        [certificate, key].forEach((file) => rmSync(file));
    }

    function run(command: "inventory" | "expiry" | "report", ...args: string[]): Promise<Outcome> {
        return runLater(0, command, ...args);
    }

    /** @param days by which the clock of the command is ahead */
    function runLater(days: number, command: string, ...args: string[]): Promise<Outcome> {
        const { project, name, variables } = deployment;
        const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
        const later = {
            NODE_OPTIONS: `${variables.NODE_OPTIONS ?? ""} --require "${clock}"`,
            LATER_CLOCK_SECONDS: String(days * 24 * 3600),
        };
        return new Promise((resolve) => {
            execFile(
                "bash",
                [path.join(repository, `scripts/${command}.sh`), "--stack", name, ...args],
                {
                    cwd: project.folder,
                    env: { ...variables, ...(days === 0 ? {} : later) },
                    maxBuffer: 64 * 1024 * 1024,
                },
                (error, stdout, stderr) =>
                    resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
            );
        });
    }

    async function listed(...args: string[]): Promise<Listed> {
        const { status, stdout, stderr } = await run("inventory", "--json", ...args);
        assert.equal(status, 0, stderr);
        assert.doesNotMatch(stdout, /-----|ciphertext/);
        assertForm("inventory", stdout);
        return JSON.parse(stdout) as Listed;
    }

    function assertForm(command: string, text: string): void {
        const schema = path.join(repository, `docs/${command}.schema.json`);
        const validate = new Ajv({ allErrors: true }).compile(
            JSON.parse(readFileSync(schema, "utf8")) as object,
        );
        assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
    }

    function row(name: string): InventoryRow {
        const found = rows.filter((one) => one.name === name);
        assert.equal(found.length, 1, `${name}: ${found.length} rows`);
        return found[0];
    }

    function openssl(pem: string): Promise<string> {
        return new Promise((resolve, reject) => {
            const options = ["-noout", "-serial", "-enddate", "-fingerprint", "-sha256"];
            const child = execFile("openssl", ["x509", ...options], (error, stdout) =>
                error === null ? resolve(stdout) : reject(error),
            );
            child.stdin?.end(pem);
        });
    }

    it("tells of each device in two fleet stacks what OpenSSL reads in its certificate", async () => {
        for (const [id, { chain }] of held) {
            const { serial, sha256Thumbprint, notAfter } = row(id);
            const printed = await openssl(chain);
            assert.equal(/^serial=(.*)$/m.exec(printed)?.[1], serial);
            assert.equal(
                /Fingerprint=(.*)$/m.exec(printed)?.[1].replace(/:/g, ""),
                sha256Thumbprint,
            );
            assert.equal(
                Date.parse(/^notAfter=(.*)$/m.exec(printed)?.[1] ?? ""),
                Date.parse(notAfter ?? ""),
            );
        }
        assert.equal(held.size, 4);
    });

    it("finds in the tag of each new identity what OpenSSL reads in its certificate", async () => {
        for (const [id, { chain }] of held) {
            const { tags } = await deployment.twin(id);
            const { certificate } = tags.iotX509 as { certificate?: Record<string, unknown> };
            const printed = await openssl(chain);
            assert.deepEqual(certificate, {
                generation: 1,
                notAfter: new Date(/^notAfter=(.*)$/m.exec(printed)?.[1] ?? "").toISOString(),
                thumbprint: /Fingerprint=(.*)$/m.exec(printed)?.[1].replace(/:/g, ""),
            });
        }
    });

    it("says where each CA is trusted, as the hub's SDK lists it", async () => {
        const onHub = (await deployment.authorities()).map(({ thumbprint }) => thumbprint).sort();
        const told = rows.filter(({ trustedOn }) => trustedOn.length > 0);
        assert.deepEqual(told.map(({ sha1Thumbprint }) => sha1Thumbprint).sort(), onHub);
        assert.deepEqual(row("root").trustedOn, []);
    });

    it("tells status and last activity as the registry has them", async () => {
        assert.equal(row("press-2").status, "disabled");
        for (const id of ["press-1", "meter-1", "meter-2"]) {
            const { lastActivityTime } = (await deployment.twin(id)) as {
                lastActivityTime?: string;
            };
            assert.equal(row(id).lastActivity, lastActivityTime);
        }
        assert.equal(row("press-2").lastActivity, null);
    });

    it("knows from its twin which certificate the sample device holds", () => {
        assert.deepEqual(row("meter-2").knownFrom, ["state", "hub", "twin"]);
        assert.deepEqual(row("meter-1").knownFrom, ["state", "hub"]);
    });

    it("lists what nobody declared, and what has an unknown end", () => {
        assert.deepEqual(row("stranger").knownFrom, ["hub"]);
        const own = row("own-1");
        assert.deepEqual(
            [own.sha256Thumbprint, own.notAfter, own.knownFrom],
            [ownThumbprint, null, ["settings", "hub"]],
        );
    });

    it("asks the hub in queries, and for no single device", async () => {
        const { manage } = shared();
        await manage("DELETE", "/requests");
        await listed();
        const { requests } = await manage<{
            requests: readonly { method: string; host: string; path: string }[];
        }>("GET", "/requests");
        const paths = requests
            .filter(({ host }) => host === `${hubName}.azure-devices.net`)
            .map(({ method, path: asked }) => `${method} ${asked.split("?")[0]}`);
        assert.deepEqual(paths, ["POST /devices/query"]);
    });

    it("filters, and writes a table", async () => {
        const { rows: meters, counts } = await listed("--group", "meters");
        assert.deepEqual(
            meters.map(({ name }) => name),
            ["meters-g1", "meter-1", "meter-2"],
        );
        assert.deepEqual([counts.certificates, counts.devices], [3, 2]);
        const { stdout } = await run("inventory", "--csv", "--state-only");
        const withoutStranger = rows.length - 1;
        assert.equal(stdout.trimEnd().split("\r\n").length, 1 + withoutStranger);
    });

    it("writes a page with every row, and without a certificate or a key", async () => {
        const file = deployment.project.file("fleet.html");
        const { status, stdout, stderr } = await run("report", "--output", file);
        assert.equal(status, 0, stderr);
        const count = `${rows.length} certificates, 6 devices`;
        assert.equal(stdout, `${file}: ${count}\n`);
        const page = readFileSync(file, "utf8");
        const [, data = ""] =
            /<script type="application\/json" id="data">(.*)<\/script>/.exec(page) ?? [];
        const { fields, rows: cells } = JSON.parse(data) as { fields: string[]; rows: unknown[][] };
        const [name, thumbprint] = ["name", "sha256Thumbprint"].map((one) => fields.indexOf(one));
        assert.deepEqual(
            cells.map((row) => [row[name], row[thumbprint]]),
            rows.map((row) => [row.name, row.sha256Thumbprint]),
        );
        assert.match(page, /<h1>Certificates of stack .*<\/h1>/);
        assert.doesNotMatch(page, /-----|ciphertext|PRIVATE/);
        const none = await run("report", "--state-only", "--output", "/none/at/all.html");
        assert.equal(none.status, 1);
        assert.match(none.stderr, /^error: \/none\/at\/all\.html cannot be written \(ENOENT\)/m);
    });

    it("is silent while renewals are on time, and names who missed one", async () => {
        const calm = await run("expiry", "--state-only");
        assert.equal(calm.status, 0, calm.stderr);
        assert.match(calm.stdout, /^no certificate is in a band$/m);
        const due = await runLater(60.5, "expiry", "--state-only");
        assert.equal(due.status, 0, due.stdout);
        const late = await runLater(85, "expiry", "--state-only", "--json");
        assert.equal(late.status, 3, late.stderr);
        assertForm("expiry", late.stdout);
        const { certificates } = JSON.parse(late.stdout) as {
            certificates: { name: string; band: number }[];
        };
        assert.deepEqual(certificates.map(({ name, band }) => `${name} ${band}`).sort(), [
            "meter-1 7",
            "meter-2 7",
            "press-1 7",
        ]);
    });
});
