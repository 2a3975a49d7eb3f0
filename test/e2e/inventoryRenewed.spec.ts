import * as assert from "assert";
import { execFile } from "child_process";
import { writeFileSync } from "fs";
import * as path from "path";
import { promisify } from "util";
import type { InventoryRow } from "../../cli/inventory/row";
import { shared } from "../support/emulator";
import { EstTrial } from "../support/estTrial";
import { heldDevices } from "../support/fleetStates";
import { runTypescript } from "../../scripts/lib/runTypescript";

const run = promisify(execFile);
const repository = path.resolve(__dirname, "../..");
const clock = path.join(repository, "scripts/lib/laterClock.js");
const day = 24 * 3600;

interface Expiry {
    readonly certificates: readonly (InventoryRow & { readonly band: number })[];
}

/** Sample devices as a person runs them, `npm run est`, the real CLI; OpenSSL reads what the devices hold. */
describe("npm run inventory and npm run expiry of devices that renewed, or did not", function () {
    this.timeout(600_000);
    const { manage } = shared();
    const trial = new EstTrial();

    before(async function () {
        await trial.begin(this);
        for (const [id, { chain, privateKey }] of heldDevices(trial.deployment)) {
            keep(id, chain, privateKey);
        }
        await trial.service.stop();
        await manage("PUT", "/clock", { offsetSeconds: 70 * day });
        trial.service = await trial.start({ LATER_CLOCK_SECONDS: String(70 * day) });
    });

    after(async () => {
        await manage("PUT", "/clock", { offsetSeconds: 0 });
        await trial.end();
    });

    const file = (name: string) => trial.deployment.project.file(name);

    function keep(id: string, chain: string, privateKey: string): void {
        writeFileSync(file(`${id}.pem`), chain);
        writeFileSync(file(`${id}.key`), privateKey, { mode: 0o600 });
    }

    function later(days: number): NodeJS.ProcessEnv {
        const { variables } = trial.deployment;
        return {
            ...process.env,
            ...variables,
            NODE_OPTIONS: `${variables.NODE_OPTIONS ?? ""} --require "${clock}"`,
            LATER_CLOCK_SECONDS: String(days * day),
        };
    }

    async function connect(id: string, renews: boolean): Promise<void> {
        const est = [
            "--est",
            trial.service.address,
            "--group",
            "pumps",
            "--est-ca",
            trial.serverCa,
        ];
        await run(
            process.execPath,
            [
                ...runTypescript,
                "sample-device/device.ts",
                ...[
                    "--connection-string",
                    `HostName=iot-est.azure-devices.net;DeviceId=${id};x509=true`,
                ],
                ...["--certificate", file(`${id}.pem`), "--key", file(`${id}.key`), "--count", "1"],
                ...(renews ? est : []),
            ],
            { cwd: repository, env: later(70) },
        );
    }

    async function command<T>(days: number, name: string, ...args: string[]): Promise<T> {
        const { project, name: stack } = trial.deployment;
        const script = path.join(repository, `scripts/${name}.sh`);
        const options = { cwd: project.folder, env: later(days) };
        const text = await run("bash", [script, "--stack", stack, "--json", ...args], options).then(
            ({ stdout }) => stdout,
            (error: { code: number; stdout: string; stderr: string }) => {
                assert.equal(error.code, 3, error.stderr);
                return error.stdout;
            },
        );
        return JSON.parse(text) as T;
    }

    async function rows(id: string, ...args: string[]): Promise<InventoryRow[]> {
        const all = await command<{ rows: InventoryRow[] }>(70, "inventory", ...args);
        return all.rows.filter(({ name }) => name === id);
    }

    /** Who is in a band, with what OpenSSL calls the certificate. */
    async function alerts(days: number): Promise<string[]> {
        const { certificates } = await command<Expiry>(days, "expiry");
        return certificates
            .filter(({ name }) => name.startsWith("pump-"))
            .map(({ name, band, sha256Thumbprint }) => `${name} ${band} ${sha256Thumbprint}`)
            .sort();
    }

    /** Of the certificate in a device's file. */
    async function openssl(
        id: string,
    ): Promise<{ thumbprint: string; end: number; serial: string }> {
        const fields = ["-fingerprint", "-sha256", "-enddate", "-serial"];
        const options = ["-noout", ...fields, "-in", file(`${id}.pem`)];
        const { stdout } = await run("openssl", ["x509", ...options]);
        return {
            thumbprint: /Fingerprint=(.*)$/m.exec(stdout)?.[1].replace(/:/g, "") ?? "",
            serial: /^serial=(.*)$/m.exec(stdout)?.[1] ?? "",
            end: Date.parse(/^notAfter=(.*)$/m.exec(stdout)?.[1] ?? ""),
        };
    }

    it("show the certificate that a device got by EST, and the state's as superseded", async () => {
        const first = await openssl("pump-1");
        await connect("pump-1", true);
        const second = await openssl("pump-1");
        assert.notEqual(second.thumbprint, first.thumbprint);
        const shown = (found: InventoryRow[]) =>
            found.map(({ kind, sha256Thumbprint, generation, knownFrom, notAfter }) => [
                kind,
                sha256Thumbprint,
                generation,
                knownFrom.join(),
                Date.parse(notAfter ?? ""),
            ]);
        const expected = [
            ["device", second.thumbprint, 1, "est,hub,twin", second.end],
            ["former", first.thumbprint, 1, "state,hub", first.end],
        ];
        const found = await rows("pump-1");
        assert.deepEqual(shown(found), expected);
        assert.equal(found[1].note, "superseded: the device reports a later certificate");
        assert.equal(found[0].serial, null);
        const listed = await rows("pump-1", "--issued", trial.audit());
        assert.deepEqual(shown(listed), expected);
        assert.equal(listed[0].serial, second.serial);
    });

    it("raise no alert about it, but about the device that did not renew", async () => {
        await connect("pump-2", false);
        const found = await alerts(85);
        assert.deepEqual(
            found.filter((one) => one.startsWith("pump-1")),
            [],
        );
        const { thumbprint } = await openssl("pump-2");
        assert.deepEqual(
            found.filter((one) => one.startsWith("pump-2")),
            [`pump-2 7 ${thumbprint}`],
        );
        const { thumbprint: renewed } = await openssl("pump-1");
        assert.ok((await alerts(155)).includes(`pump-1 7 ${renewed}`));
    });

    it("do not take for done what up has renewed and the device has not yet", async () => {
        const { deployment } = trial;
        const { thumbprint: former } = await openssl("pump-2");
        Object.assign(deployment.variables, later(70));
        // Its own file has expired by then, which up does not accept.
        deployment.change((all) => {
            all.devices = all.devices.filter(({ id }) => id !== "own-2");
        });
        await deployment.up();
        const { chain = "", privateKey = "" } = heldDevices(deployment).get("pump-2") ?? {};
        assert.deepEqual(
            (await alerts(85)).filter((one) => one.startsWith("pump-2")),
            [`pump-2 7 ${former}`],
        );
        keep("pump-2", chain, privateKey);
        assert.notEqual((await openssl("pump-2")).thumbprint, former);
        await connect("pump-2", false);
        assert.deepEqual(await alerts(85), []);
    });
});
