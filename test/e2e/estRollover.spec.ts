import { strict as assert } from "assert";
import { execFile, spawn } from "child_process";
import { X509Certificate } from "crypto";
import { readFileSync, writeFileSync } from "fs";
import { createInterface } from "readline";
import * as path from "path";
import { promisify } from "util";
import type { GroupRollover } from "../../cli/rollover/groupRollover";
import { register } from "../../sample-device/registration";
import { Deployment, HubAuthentication } from "../support/deployment";
import { curl } from "../support/estService";
import { Client, EstStack, openssl } from "../support/estStack";
import { connects } from "../support/liveDevice";
import { OfflineMachine, carry, signAsTold } from "../support/offlineMachine";
import { Issued, makeCa } from "../support/pki";
import { requireStrongSwan } from "../support/tools";

const run = promisify(execFile);
const repository = path.resolve(__dirname, "../..");

interface Exported {
    readonly deployment: {
        readonly resources: readonly {
            readonly urn: string;
            readonly outputs?: { readonly privateKeyPemPkcs8: { readonly plaintext: string } };
        }[];
    };
}

/** A device that registers, and what it has at the moment. */
interface Device {
    readonly id: string;
    /** Certificate and key as files, once it has them. */
    own?: Client;
}

/**
 * Devices of an enrollment group get their first certificates while its CA is unsigned, register, renew through a rollover by
 * real runs, and stay. The clients are curl and OpenSSL, strongSwan, and Azure's SDKs; OpenSSL is the offline root.
 */
describe("npm run est for an enrollment group, through a rollover", function () {
    this.timeout(600_000);
    const stack = new EstStack();
    const listed: Device = { id: "meter-1" };
    /** Known to the provisioning service alone. */
    const unlisted: Device = { id: "meter-2" };
    let machine: OfflineMachine;
    let maker: Issued;
    let deployment: Deployment;
    let asked: string;
    /** Files of the group's CAs, by generation. */
    const signed = new Map<number, string>();
    let idScope: string;

    before(async function () {
        machine = new OfflineMachine(1000);
        maker = await makeCa({ commonName: "Maker CA" });
        deployment = await Deployment.make(this, "estdps", {
            dps: {},
            pki: {
                keyAlgorithm: "ECDSA-P256",
                root: { keys: "offline", certificate: "pki/root.pem" },
            },
            groups: {
                meters: {
                    ...{ keyAlgorithm: "ECDSA-P256", validityDays: 90, provisioning: "dps" },
                    // Each registration wipes the twin, and with it what the service noted there.
                    enrollment: { reprovision: "reset" },
                },
            },
            devices: [{ id: listed.id, group: "meters" }],
            outputDevices: [],
            est: { bootstrap: [{ group: "meters", certificate: "maker.pem" }] },
            rollover: {},
        });
        stack.deployment = deployment;
        writeFileSync(deployment.project.file("maker.pem"), maker.certificate);
        carry(deployment, machine, "root.pem");
        asked = await deployment.up();
        await stack.serve();
    });

    after(async () => {
        await stack.service?.stop();
        await deployment?.remove();
        machine?.remove();
    });

    /** Reads the stack again, as an operator lets it after a run. @returns the CAs that issue */
    async function reload(): Promise<readonly string[] | undefined> {
        const before = stack.service.entries.length;
        process.kill(stack.service.pid, "SIGHUP");
        return (await stack.service.entry("reloaded", before)).issuers;
    }

    /** What the service has issued and not noted yet is in its audit log alone. */
    async function killAndStart(): Promise<void> {
        await stack.service.stop("SIGKILL");
        stack.service = await stack.start();
    }

    /**
     * Gets a certificate for a new key, which OpenSSL verifies as a client's below the generation.
     *
     * @param label in the path; left out, as strongSwan does when it asks again after a 202
     */
    async function enroll(
        device: Device,
        by: Client,
        generation: number,
        label?: string,
    ): Promise<void> {
        const { file, key } = await stack.request(device.id);
        const reply = await stack.enroll(label, file, by);
        assert.equal(reply.status, 200, reply.body);
        const [pem] = await stack.certificatesIn(reply);
        const certificate = deployment.project.file(`${device.id}-g${generation}.pem`);
        const intermediate = signed.get(generation);
        assert.ok(intermediate);
        writeFileSync(certificate, pem);
        device.own = { certificate, key, pem };
        await openssl(
            ...["verify", "-x509_strict", "-purpose", "sslclient"],
            ...["-CAfile", machine.file("root.pem")],
            ...["-untrusted", intermediate],
            certificate,
        );
    }

    /** What a device presents: leaf, then the intermediate, which `cacerts` gives first. */
    async function credentials({ own }: Device): Promise<{ chainPem: string; keyPem: string }> {
        assert.ok(own);
        const url = `${stack.service.address}/.well-known/est/meters/cacerts`;
        const [intermediate] = await stack.certificatesIn(await curl(stack.serverCa, url));
        return { chainPem: own.pem + intermediate, keyPem: readFileSync(own.key, "utf8") };
    }

    /** Registers by Azure's SDK, connects to the hub that it was assigned to, and waits for the service's note there. */
    async function registers(device: Device): Promise<void> {
        const { chainPem, keyPem } = await credentials(device);
        const request = { idScope, registrationId: device.id, chainPem, keyPem };
        const connectionString = await register(request);
        await connects({ connectionString, chain: chainPem, privateKey: keyPem });
        const thumbprint = thumbprintOf(device);
        const registry = await deployment.registry();
        for (let waited = 0; ; waited++) {
            const { tags } = (await registry.getTwin(device.id)).responseBody;
            const { issued = {} } = (tags.iotX509Est ?? {}) as { issued?: object };
            if (thumbprint in issued) {
                return;
            }
            assert.ok(waited < 60, "no note after a minute");
            await new Promise((resolve) => setTimeout(resolve, 1000));
        }
    }

    function thumbprintOf({ own }: Device): string {
        assert.ok(own);
        return new X509Certificate(own.pem).fingerprint256.replace(/:/g, "");
    }

    /** Connects without registering. */
    async function reconnects(device: Device): Promise<void> {
        const { hub } = await deployment.outputs();
        const { chainPem, keyPem } = await credentials(device);
        const connectionString = `HostName=${hub.hostName};DeviceId=${device.id};x509=true`;
        await connects({ connectionString, chain: chainPem, privateKey: keyPem });
    }

    async function thumbprint(id: string): Promise<string | null | undefined> {
        const { responseBody } = await (await deployment.registry()).get(id);
        const { authentication } = responseBody as unknown as { authentication: HubAuthentication };
        return authentication.x509Thumbprint?.primaryThumbprint;
    }

    /** What `npm run rollover` says of the earlier generation, by device. */
    async function standings(): Promise<Record<string, string>> {
        const { project, name, variables } = deployment;
        const script = path.join(repository, "scripts/rollover.sh");
        const found = await run("bash", [script, "--stack", name, "--json"], {
            cwd: project.folder,
            env: variables,
        }).catch((error: { code: number; stdout: string }) => {
            assert.equal(error.code, 3);
            return error;
        });
        const { groups } = JSON.parse(found.stdout) as { groups: GroupRollover[] };
        const devices = groups.flatMap(({ earlier }) => earlier.flatMap((one) => one.devices));
        return Object.fromEntries(
            devices.map(({ id, state, evidence }) => [id, `${state}: ${evidence}`]),
        );
    }

    /** PEM, from the decrypted state. */
    async function caKey(name: string): Promise<string> {
        const shown = await deployment.pulumi("stack", "export", "--show-secrets");
        const { resources } = (JSON.parse(shown) as Exported).deployment;
        const found = resources.find(({ urn }) => urn.endsWith(`::${name}-key`));
        assert.ok(found?.outputs);
        return JSON.parse(found.outputs.privateKeyPemPkcs8.plaintext) as string;
    }

    /** By the commands that the last run printed, with the root's key. */
    function sign(number: number): void {
        signAsTold(deployment, machine, asked);
        deployment.change(({ groups }) => {
            const { certificates } = groups.meters.intermediate as {
                certificates: Record<string, string>;
            };
            signed.set(number, deployment.project.file(certificates[number]));
        });
    }

    /** The next generation, with the former ones that stay. */
    function generation(number: number, retain: readonly number[]): void {
        deployment.change(({ groups }) => {
            const { certificates = {} } = (groups.meters.intermediate ?? {}) as {
                certificates?: Record<string, string>;
            };
            const staying = [number, ...retain].map(String);
            groups.meters.intermediate = {
                ...{ generation: number, retain },
                certificates: Object.fromEntries(
                    Object.entries(certificates).filter(([key]) => staying.includes(key)),
                ),
            };
        });
    }

    it("while the root has not signed the group's CA, asks curl to come again, and says when", async () => {
        const bootstrap = await stack.client(maker, listed.id);
        const { file } = await stack.request(listed.id);
        const reply = await stack.enroll("meters", file, bootstrap);
        assert.equal(reply.status, 202);
        assert.match(reply.headers, /^Retry-After: [1-9]\d*\r?$/m);
        const url = `${stack.service.address}/.well-known/est/meters/cacerts`;
        assert.equal((await curl(stack.serverCa, url)).status, 202);
    });

    it("asks strongSwan likewise, which waits as long as it was told", async function () {
        const bootstrap = await stack.client(maker, listed.id);
        const { file } = await stack.request(listed.id);
        requireStrongSwan(this);
        const der = deployment.project.file("strongswan.csr");
        writeFileSync(der, Buffer.from(readFileSync(file, "utf8"), "base64"));
        const url = `${stack.service.address}/meters`;
        const child = spawn("pki", [
            ...["--est", "--url", url, "--in", der, "--cacert", stack.serverCa],
            ...["--cert", bootstrap.certificate, "--key", bootstrap.key],
        ]);
        try {
            const said: string[] = [];
            for await (const line of createInterface({ input: child.stderr })) {
                said.push(line);
                if (/going to sleep/.test(line)) {
                    break;
                }
            }
            assert.match(said.join("\n"), /request pending.*\n(.*\n)*.*sleep for [1-9]\d* /);
        } finally {
            child.kill("SIGKILL");
        }
    });

    it("issues first certificates by the bootstrap once it is signed, by which devices register and connect", async () => {
        sign(1);
        generation(2, [1]);
        asked = await deployment.up();
        // The second generation awaits its signature.
        assert.deepEqual(await reload(), ["meters-g1"]);
        const { provisioning } = (await deployment.stack.outputs()) as unknown as {
            provisioning: { value: { idScope: string } };
        };
        ({ idScope } = provisioning.value);
        for (const device of [listed, unlisted]) {
            await enroll(device, await stack.client(maker, device.id), 1);
            await killAndStart();
            await registers(device);
        }
    });

    it("gives the new issuer at the next renewal, and the gate keeps the old CA until devices register again", async () => {
        sign(2);
        await deployment.up();
        assert.deepEqual(await reload(), ["meters-g2"]);
        for (const device of [listed, unlisted]) {
            assert.ok(device.own);
            await enroll(device, device.own, 2, device === listed ? "meters" : undefined);
        }
        await killAndStart();
        const before = await standings();
        assert.match(before[listed.id], /^not moved: /);
        assert.match(before[unlisted.id], /^not moved: /);
        await registers(listed);
        const after = await standings();
        assert.match(after[listed.id], /^moved: .* that the EST service issued$/);
        assert.match(after[unlisted.id], /^not moved: /);
        generation(2, []);
        await assert.rejects(deployment.up(), /1 devices still depend on[^]*meter-2: not moved/);
    });

    it("drops the old CA when the gate has seen all move; the hub still knows each by its renewed certificate", async () => {
        await registers(unlisted);
        const moved = await standings();
        assert.deepEqual(Object.keys(moved).sort(), [listed.id, unlisted.id]);
        assert.ok(Object.values(moved).every((one) => one.startsWith("moved: ")));
        await deployment.up("--refresh");
        for (const device of [listed, unlisted]) {
            assert.equal(await thumbprint(device.id), thumbprintOf(device));
            await reconnects(device);
        }
        const plan = await deployment.plan();
        assert.deepEqual(plan, []);
    });

    it("with --ca-key-file, needs nothing secret of the state, and signs with the key of the file", async () => {
        await stack.service.stop();
        const key = deployment.project.file("meters-g2.key");
        writeFileSync(key, await caKey("meters-g2"), { mode: 0o600 });
        // A machine that has the key of the CA and not the passphrase of the state.
        const without = { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_CONFIG_PASSPHRASE_FILE: "" };
        const option = ["--ca-key-file", `meters=${key}`];
        await assert.rejects(stack.start(without), /passphrase/);
        stack.service = await stack.start(without, option);
        const device: Device = { id: "meter-3" };
        await enroll(device, await stack.client(maker, device.id), 2);
        const other = await makeCa({ commonName: "Other" });
        writeFileSync(key, other.key);
        await assert.rejects(stack.start({}, option), /is not the key of the CA meters-g2/);
    });
});
