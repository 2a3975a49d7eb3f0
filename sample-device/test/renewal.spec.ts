import { strict as assert } from "assert";
import { execFile } from "child_process";
import { createHash, createPublicKey, X509Certificate } from "crypto";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { EnrollmentGroup } from "azure-iot-provisioning-service/dist/interfaces";
import { Registry } from "azure-iothub";
import { CredentialFiles } from "../credentialFiles";
import { readFlags } from "../flags";
import { DeviceRun, runDevice, runDeviceIn } from "../../scripts/demo/demoDevices";
import { shared } from "../../test/support/emulator";
import { EstResponder } from "../../test/support/estResponder";
import { dropGroup, iotHubClient, makeHub } from "../../test/support/iotHubClient";
import { chain, issue, Issued, makeCa } from "../../test/support/pki";

const run = promisify(execFile);
const group = "rg-device-renewal";
const hub = "iot-device-renewal";
const dps = "dps-device-renewal";
const hostName = `${hub}.azure-devices.net`;
const location = "westeurope";
const day = 24 * 3600 * 1000;

/** The device in a process of its own, on the emulator; the EST service is OpenSSL's. */
describe("a sample device that renews", function () {
    this.timeout(90_000);
    let folder: string;
    let arm: IotHubClient;
    let registry: Registry;
    let root: Issued;
    let ca: Issued;
    let est: EstResponder;

    before(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-device-renewal-"));
        root = await makeCa({ commonName: "Renewal Root" });
        ca = await issue(root, {
            commonName: "Renewal CA",
            ca: true,
            notBefore: new Date(Date.now() - 100 * day),
        });
        est = await EstResponder.start(ca, root, await makeCa({ commonName: "EST host CA" }));
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        await arm.certificates.createOrUpdate(group, hub, "ca", {
            properties: {
                certificate: Buffer.from(ca.certificate).toString("base64"),
                isVerified: true,
            },
        });
        registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
    });

    beforeEach(() => {
        est.issuer = ca;
        est.asked.length = 0;
        est.instead.length = 0;
    });

    after(async () => {
        await est?.remove();
        rmSync(folder, { recursive: true });
        await dropGroup(arm, group);
    });

    /** A device of the hub, and its certificate: days since its start, and until its end. */
    async function made(deviceId: string, since = 80, left = 10): Promise<Issued> {
        const authentication = { type: "certificateAuthority" };
        await registry.addDevices([{ deviceId, status: "enabled", authentication } as never]);
        return certified(deviceId, since, left);
    }

    const certified = (deviceId: string, since: number, left: number) =>
        issue(ca, {
            commonName: deviceId,
            organisation: "O=MyOrg, C=US",
            notBefore: new Date(Date.now() - since * day),
            notAfter: new Date(Date.now() + left * day),
        });

    const target = (id: string) => ({
        connectionString: `HostName=${hostName};DeviceId=${id};x509=true`,
    });

    const renewing = (...more: string[]) => [
        ...["--est", est.url, "--group", "pumps", "--est-ca", est.caFile, "--retry", "0.3"],
        ...more,
    ];

    const place = (id: string) => path.join(folder, id);

    function device(
        id: string,
        leaf: Issued,
        count: number,
        ...more: string[]
    ): Promise<DeviceRun> {
        const files = {
            deviceId: id,
            target: target(id),
            chainPem: chain(leaf, ca),
            keyPem: leaf.key,
        };
        return runDevice(files, place(id), process.env, count, renewing(...more));
    }

    /** Leaf and intermediate in the device's file, which OpenSSL verifies below the root. */
    async function verified(id: string): Promise<X509Certificate> {
        const file = path.join(place(id), "chain.pem");
        writeFileSync(path.join(folder, "root.pem"), root.certificate);
        await run("openssl", [
            ...["verify", "-purpose", "sslclient", "-CAfile", path.join(folder, "root.pem")],
            ...["-untrusted", file, file],
        ]);
        return new X509Certificate(readFileSync(file, "utf8"));
    }

    function succeeded({ status, lines }: DeviceRun): void {
        assert.equal(status, 0, lines.join("\n"));
    }

    it("makes a key, asks with its certificate, connects with the new one, and replaces its files", async () => {
        const leaf = await made("renews");
        succeeded(await device("renews", leaf, 2));
        const [asked, ...others] = est.enrolments;
        assert.deepEqual(others, []);
        assert.equal(asked.path, "/.well-known/est/pumps/simplereenroll");
        assert.equal(asked.fingerprint, leaf.x509.fingerprint256);
        assert.match(asked.subject ?? "", /O = MyOrg.*C = US|C = US.*O = MyOrg/);
        const renewed = await verified("renews");
        const key = path.join(place("renews"), "device.key");
        assert.equal(statSync(key).mode & 0o777, 0o600);
        const pem = createPublicKey(readFileSync(key)).export({ type: "spki", format: "pem" });
        assert.equal(pem, renewed.publicKey.export({ type: "spki", format: "pem" }));
        assert.equal(pem, asked.publicKey);
        assert.ok(!readFileSync(key, "utf8").includes(leaf.key));
        assert.deepEqual(readdirSync(place("renews")).sort(), ["chain.pem", "device.key"]);
        const twin = (await registry.getTwin("renews")).responseBody;
        const { certificate } = twin.properties.reported as unknown as {
            certificate: { thumbprint: string; notAfter: string; issuer: string };
        };
        assert.equal(certificate.thumbprint, renewed.fingerprint256.replace(/:/g, ""));
        assert.equal(certificate.notAfter, new Date(renewed.validTo).toISOString());
        assert.match(certificate.issuer, /CN=Renewal CA/);
    });

    it("keeps the kind of its key", async () => {
        await made("rsa");
        const leaf = await issue(ca, {
            commonName: "rsa",
            keyType: "rsa2048",
            notBefore: new Date(Date.now() - 80 * day),
            notAfter: new Date(Date.now() + 10 * day),
        });
        succeeded(await device("rsa", leaf, 1));
        const { asymmetricKeyDetails } = (await verified("rsa")).publicKey;
        assert.equal(asymmetricKeyDetails?.modulusLength, 2048);
    });

    it("does not ask before it is time", async () => {
        succeeded(await device("early", await made("early", 60, 30), 1));
        assert.deepEqual(est.asked, []);
    });

    it("sends on while the service is down, says why, and asks later with the same key", async () => {
        const leaf = await made("patient");
        await est.close();
        const first = await device("patient", leaf, 2);
        await est.open();
        succeeded(first);
        assert.match(
            first.lines.join("\n"),
            /no new certificate: localhost, port \d+: nothing listens on this port; next attempt at 2/,
        );
        assert.equal(readFileSync(path.join(place("patient"), "device.key"), "utf8"), leaf.key);
        const waiting = path.join(place("patient"), "device.key.new");
        assert.equal(statSync(waiting).mode & 0o777, 0o600);
        const key = readFileSync(waiting, "utf8");
        succeeded(
            await runDeviceIn(place("patient"), target("patient"), process.env, 1, renewing()),
        );
        await verified("patient");
        assert.equal(readFileSync(path.join(place("patient"), "device.key"), "utf8"), key);
    });

    it("waits as the service says, and tries again after an error", async () => {
        est.instead.push({ status: 202, headers: { "Retry-After": "1" } });
        est.instead.push({ status: 500, body: "the database is gone\n" });
        est.instead.push({ status: 200, body: "bm90IGEgY2VydGlmaWNhdGU=" });
        const ran = await device("waits", await made("waits"), 6, "--interval", "1");
        succeeded(ran);
        const text = ran.lines.join("\n");
        assert.match(text, /the certificate is not ready yet \(the EST service says: 202\)/);
        assert.match(text, /has a problem \(the EST service says: 500 the database is gone\)/);
        assert.match(text, /sent something else than certificates/);
        assert.equal(est.enrolments.length, 4);
        assert.equal(new Set(est.enrolments.map((one) => one.publicKey)).size, 1);
        await verified("waits");
    });

    it("goes back to its certificate when the hub refuses the new one", async () => {
        const leaf = await made("careful");
        est.issuer = await issue(root, { commonName: "Not on the hub", ca: true });
        const ran = await device("careful", leaf, 2, "--interval", "0.1");
        succeeded(ran);
        assert.match(ran.lines.join("\n"), /no new certificate: refused: the hub does not accept/);
        assert.equal(readFileSync(path.join(place("careful"), "device.key"), "utf8"), leaf.key);
        assert.equal((await verified("careful")).fingerprint256, leaf.x509.fingerprint256);
        est.issuer = ca;
        succeeded(
            await runDeviceIn(place("careful"), target("careful"), process.env, 1, renewing()),
        );
        assert.notEqual((await verified("careful")).fingerprint256, leaf.x509.fingerprint256);
        assert.equal(new Set(est.enrolments.map((one) => one.publicKey)).size, 1);
    });

    it("says that it does not trust the service, and what to do", async () => {
        const leaf = await made("wary");
        const other = path.join(folder, "other-ca.pem");
        writeFileSync(other, root.certificate);
        const ran = await device("wary", leaf, 1, "--est-ca", other);
        succeeded(ran);
        assert.match(
            ran.lines.join("\n"),
            /localhost, port \d+: this device does not trust its certificate: name .* --est-ca/,
        );
        assert.deepEqual(est.asked, []);
    });

    it("gets its first certificate by a one-time secret, which it tells nobody", async () => {
        await made("first");
        const secretFile = path.join(folder, "secret");
        writeFileSync(secretFile, "open: sesame\n", { mode: 0o600 });
        mkdirSync(place("first"), { mode: 0o700 });
        const ran = await runDeviceIn(
            place("first"),
            target("first"),
            process.env,
            1,
            renewing("--secret-file", secretFile),
        );
        succeeded(ran);
        const [asked] = est.enrolments;
        assert.equal(asked.path, "/.well-known/est/pumps/simpleenroll");
        assert.equal(asked.fingerprint, undefined);
        const basic = Buffer.from("first:open: sesame").toString("base64");
        assert.equal(asked.authorization, `Basic ${basic}`);
        assert.doesNotMatch(ran.lines.join("\n"), /sesame/);
        await verified("first");
    });

    it("starts anew by the manufacturer's certificate after its own has ended", async () => {
        const leaf = await made("slept", 90, -1);
        const maker = await makeCa({ commonName: "Maker" });
        const own = await issue(maker, { commonName: "slept" });
        const [certificate, key] = ["maker.pem", "maker.key"].map((one) => path.join(folder, one));
        writeFileSync(certificate, own.certificate);
        writeFileSync(key, own.key, { mode: 0o600 });
        const more = ["--bootstrap-certificate", certificate, "--bootstrap-key", key];
        succeeded(await device("slept", leaf, 1, ...more));
        const [asked] = est.enrolments;
        assert.equal(asked.path, "/.well-known/est/pumps/simpleenroll");
        assert.equal(asked.fingerprint, own.x509.fingerprint256);
        await verified("slept");
    });

    it("says what to do when nothing gets it a certificate any more", async () => {
        const leaf = await made("late", 90, -1);
        est.instead.push({ status: 403, body: "expired\n" });
        const { status, lines } = await device("late", leaf, 1);
        assert.equal(status, 1);
        assert.match(lines.join("\n"), /has expired: start anew by a one-time secret/);
        assert.doesNotMatch(lines.join("\n"), /^ +at /m);
    });

    describe("and that the provisioning service gave its identity", () => {
        let idScope: string;

        before(async () => {
            const client = new IotDpsClient(new EnvironmentCredential(), shared().subscriptionId);
            const owner = await arm.iotHubResource.getKeysForKeyName(group, hub, "iothubowner");
            const access = (host: string, name: string, key = "") =>
                `HostName=${host};SharedAccessKeyName=${name};SharedAccessKey=${key}`;
            const connectionString = access(hostName, "iothubowner", owner.primaryKey);
            const service = await client.iotDpsResource.beginCreateOrUpdateAndWait(group, dps, {
                location,
                sku: { name: "S1", capacity: 1 },
                properties: { iotHubs: [{ connectionString, location }] },
            });
            idScope = service.properties.idScope as string;
            await client.dpsCertificate.createOrUpdate(group, dps, "ca", {
                properties: { certificate: Buffer.from(ca.certificate), isVerified: true },
            });
            const policy = "provisioningserviceowner";
            const { primaryKey } = await client.iotDpsResource.listKeysForKeyName(
                dps,
                policy,
                group,
            );
            await ProvisioningServiceClient.fromConnectionString(
                access(`${dps}.azure-devices-provisioning.net`, policy, primaryKey),
            ).createOrUpdateEnrollmentGroup({
                enrollmentGroupId: "pumps",
                attestation: {
                    type: "x509",
                    x509: { caReferences: { primary: "ca" } },
                },
            } as unknown as EnrollmentGroup);
        });

        const thumbprint = async (id: string) => {
            const { authentication } = (await registry.get(id)).responseBody as unknown as {
                authentication: { x509Thumbprint: { primaryThumbprint: string } };
            };
            return authentication.x509Thumbprint.primaryThumbprint;
        };

        for (const knowsHub of [false, true]) {
            const id = knowsHub ? "meter-2" : "meter-1";
            it(`registers again with the new certificate${knowsHub ? " after the hub refused it" : ""}`, async () => {
                const leaf = await certified(id, 80, 10);
                const files = { deviceId: id, chainPem: chain(leaf, ca), keyPem: leaf.key };
                const both = { idScope, ...(knowsHub ? target(id) : {}) };
                const ran = await runDevice(
                    { ...files, target: both },
                    place(id),
                    process.env,
                    1,
                    renewing(),
                );
                succeeded(ran);
                const renewed = await verified(id);
                assert.notEqual(renewed.fingerprint256, leaf.x509.fingerprint256);
                const der = createHash("sha1").update(renewed.raw).digest("hex").toUpperCase();
                assert.ok(
                    [der, renewed.fingerprint256.replace(/:/g, "")].includes(await thumbprint(id)),
                );
                const refusals = ran.lines.filter((line) => /registering again/.test(line));
                assert.equal(refusals.length, knowsHub ? 2 : 0);
            });
        }
    });

    describe("and its files", () => {
        it("belong together, also when it was ended between the two", async () => {
            const [old, next] = [await certified("cut", 80, 10), await certified("cut", 0, 90)];
            const [certificate, key] = ["cut.pem", "cut.key"].map((one) => path.join(folder, one));
            writeFileSync(certificate, old.certificate);
            writeFileSync(key, old.key);
            const files = new CredentialFiles(certificate, key);
            files.writeNewKey(next.key);
            files.writeNewCertificate(next.certificate);
            assert.equal(files.read()?.keyPem, old.key);
            assert.equal(files.read()?.chainPem, old.certificate);
            renameSync(`${key}.new`, key);
            assert.deepEqual(files.read(), { chainPem: next.certificate, keyPem: next.key });
            assert.ok(!existsSync(`${certificate}.new`));
        });
    });

    describe("and its arguments", () => {
        const base = ["--certificate", "c.pem", "--key", "k.pem", "--id-scope", "0ne1"];
        const service = ["--est", "https://est.example", "--group", "pumps"];
        const wrong: readonly [string, readonly string[], RegExp][] = [
            [
                "a service without a group",
                ["--est", "https://h"],
                /--est and --group belong together/,
            ],
            ["http", ["--est", "http://h", "--group", "g"], /--est "http:\/\/h" must be https/],
            ["a path", ["--est", "https://h/est", "--group", "g"], /without a path/],
            ["a group with a slash", ["--est", "https://h", "--group", "a/b"], /--group "a\/b"/],
            ["a share of 1", [...service, "--renew-at", "1"], /--renew-at "1" must be above 0/],
            ["a share in percent", [...service, "--renew-at", "70"], /--renew-at "70" must be/],
            ["a secret without a service", ["--secret-file", "s"], /name it in --est/],
            ["half a bootstrap", [...service, "--bootstrap-key", "k"], /belong together: set both/],
        ];
        for (const [what, more, message] of wrong) {
            it(`refuse ${what}`, () => {
                assert.throws(() => readFlags([...base, ...more]), message);
            });
        }
    });
});
