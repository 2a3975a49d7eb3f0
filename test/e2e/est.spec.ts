import { strict as assert } from "assert";
import { execFile } from "child_process";
import { X509Certificate } from "crypto";
import { readFileSync, writeFileSync } from "fs";
import { promisify } from "util";
import { HubAuthentication } from "../support/deployment";
import { curl, EstProcess } from "../support/estService";
import { refusesWrongRequests } from "../support/estRefusals";
import type { Client } from "../support/estStack";
import { EstTrial, secret } from "../support/estTrial";
import { connects } from "../support/liveDevice";
import { requireStrongSwan } from "../support/tools";

const run = promisify(execFile);
const day = 24 * 3600 * 1000;

/** The service against clients that nobody here wrote, judged by OpenSSL and by the hub. */
describe("npm run est", function () {
    this.timeout(600_000);
    const trial = new EstTrial();

    before(function () {
        return trial.begin(this);
    });

    after(() => trial.end());

    describe("answers", () => {
        it("cacerts with the group's intermediate, then the root, to anybody", async () => {
            const url = `${trial.service.address}/.well-known/est/pumps/cacerts`;
            const reply = await curl(trial.serverCa, url);
            assert.equal(reply.status, 200);
            assert.match(reply.headers, /^Content-Type: application\/pkcs7-mime\r$/m);
            assert.match(
                reply.headers,
                new RegExp(`^Content-Length: ${reply.body.length}\r$`, "m"),
            );
            assert.ok(reply.headers.length + 4 < 1024);
            const found = (await trial.certificatesIn(reply)).map(
                (pem) => new X509Certificate(pem),
            );
            const [intermediate, root] = found;
            assert.equal(found.length, 2);
            assert.equal(intermediate.fingerprint256, trial.pumps.x509.fingerprint256);
            assert.ok(intermediate.checkIssued(root) && root.checkIssued(root));
        });

        it("csrattrs with an empty sequence", async () => {
            const reply = await curl(
                trial.serverCa,
                `${trial.service.address}/.well-known/est/pumps/csrattrs`,
            );
            assert.equal(reply.status, 200);
            assert.deepEqual(Buffer.from(reply.body, "base64"), Buffer.from([0x30, 0]));
        });

        it("the handshake without names of CAs, as OpenSSL shows it", async () => {
            const { port } = new URL(trial.service.address);
            const { stdout } = await run("bash", [
                "-c",
                `openssl s_client -connect 127.0.0.1:${port} -servername localhost -CAfile '${trial.serverCa}' </dev/null`,
            ]);
            assert.match(stdout, /No client certificate CA names sent/);
            assert.match(stdout, /Verify return code: 0/);
        });
    });

    it("a renewal with a new key, whose certificate the hub accepts", async () => {
        const before = await trial.client(trial.pumps, "pump-1");
        const { file, key } = await trial.request("pump-1");
        const reply = await trial.enroll("pumps", file, before);
        assert.match(reply.headers, /^Content-Type: application\/pkcs7-mime\r$/m);
        const certificate = await trial.leaf(reply);
        const { subject, validTo } = new X509Certificate(certificate);
        assert.deepEqual(subject.split("\n").sort(), ["C=US", "CN=pump-1", "O=MyOrg"]);
        assert.ok(Math.abs(Date.parse(validTo) - Date.now() - 90 * day) < day);
        await connects(await trial.connection("pump-1", certificate, key));
        assert.equal(trial.issuedLines().at(-1)?.device, "pump-1");
    });

    it("the same request again, when the answer was lost; base64 without line breaks", async () => {
        const by = await trial.client(trial.pumps, "pump-2");
        const { file } = await trial.request("pump-2", undefined, false);
        const first = await trial.leaf(await trial.enroll("pumps", file, by));
        const second = await trial.leaf(await trial.enroll("pumps", file, by));
        assert.notEqual(first, second);
    });

    it("an RSA key, and a certificate that expired within the grace", async () => {
        const by = await trial.client(trial.pumps, "pump-4", 90, -3);
        const { file } = await trial.request("pump-4", ["rsa:2048"]);
        await trial.leaf(await trial.enroll("pumps", file, by));
    });

    refusesWrongRequests(trial);

    describe("a device that the hub knows by its thumbprint", () => {
        let first: string;
        let key: string;

        /** As Azure's SDK reads them. */
        async function thumbprints(id: string): Promise<string[]> {
            const registry = await trial.deployment.registry();
            const { authentication } = (await registry.get(id)).responseBody as unknown as {
                authentication: HubAuthentication;
            };
            const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint ?? {};
            return [primaryThumbprint, secondaryThumbprint].flatMap((one) => one || []);
        }

        it("gets its first certificate by a one-time secret, and the hub knows both", async () => {
            const asked = await trial.request("own-1");
            key = asked.key;
            first = await trial.leaf(
                await trial.enroll("pumps", asked.file, undefined, "--user", `own-1:${secret}`),
            );
            assert.deepEqual(await thumbprints("own-1"), [
                "0123456789ABCDEF".repeat(4),
                new X509Certificate(first).fingerprint256.replace(/:/g, ""),
            ]);
            await connects(await trial.connection("own-1", first, key));
        });

        it("keeps only the new one once that was used", async () => {
            const file = trial.deployment.project.file("own-1.pem");
            writeFileSync(file, first);
            const { file: body } = await trial.request("own-1");
            const reply = trial.enroll("pumps", body, { certificate: file, key, pem: first });
            await trial.refused(403, "tooEarly", reply);
            assert.deepEqual(await thumbprints("own-1"), [
                new X509Certificate(first).fingerprint256.replace(/:/g, ""),
            ]);
        });

        it("keeps it when up compares the states with the hub, and when up disables the device", async () => {
            trial.deployment.changeDevice("own-1", { status: "disabled" });
            await trial.deployment.up("--refresh");
            assert.deepEqual(await thumbprints("own-1"), [
                new X509Certificate(first).fingerprint256.replace(/:/g, ""),
            ]);
            const { file } = await trial.request("own-1");
            const by = ["--user", `own-1:${secret}`];
            await trial.refused(
                403,
                "deviceDisabled",
                trial.enroll("pumps", file, undefined, ...by),
            );
            trial.deployment.changeDevice("own-1", { status: "enabled" });
            const registry = await trial.deployment.registry();
            const { responseBody: device } = await registry.get("own-1");
            await registry.update({ ...device, status: "enabled" } as never);
        });

        it("is refused with a certificate of the group that is not registered", async () => {
            const { file } = await trial.request("own-1");
            await trial.refused(
                403,
                "notRegistered",
                trial.enroll("pumps", file, await trial.client(trial.pumps, "own-1")),
            );
        });
    });

    /** With a TLS stack of its own; it takes the answer's headers from the first 1,024 bytes that it reads. */
    describe("strongSwan's pki", () => {
        before(function () {
            requireStrongSwan(this);
        });

        /** It puts the path itself between address and group. */
        const url = () => `${trial.service.address}/pumps`;
        const root = () => ["--cacert", trial.serverCa];

        it("gets the CAs", async () => {
            const out = trial.deployment.project.file("strongswan-ca");
            const args = ["--estca", "--url", url(), ...root()];
            await run("pki", [...args, "--caout", out, "--force"]);
            const found = new X509Certificate(readFileSync(`${out}-1.der`));
            assert.equal(found.fingerprint256, trial.pumps.x509.fingerprint256);
        });

        it("renews", async () => {
            const by = await trial.client(trial.pumps, "pump-6");
            const { file } = await trial.request("pump-6");
            const der = trial.deployment.project.file("strongswan.csr");
            writeFileSync(der, Buffer.from(readFileSync(file, "utf8"), "base64"));
            const { stdout } = await run("pki", [
                ...["--est", "--url", url(), "--in", der, ...root()],
                ...["--cert", by.certificate, "--key", by.key, "--outform", "pem"],
            ]);
            assert.match(new X509Certificate(stdout).subject, /CN=pump-6/);
        });
    });

    describe("two days later, at a second instance that shares nothing with the first", () => {
        let firstInstance: EstProcess;
        let stolen: Client;
        let bootstrap: Client;

        before(async () => {
            stolen = await trial.client(trial.pumps, "pump-5");
            await trial.leaf(
                await trial.enroll("pumps", (await trial.request("pump-5")).file, stolen),
            );
            bootstrap = await trial.client(trial.maker, "pump-3");
            await trial.leaf(
                await trial.enroll("pumps", (await trial.request("pump-3")).file, bootstrap),
            );
            firstInstance = trial.service;
            trial.service = await trial.start({ LATER_CLOCK_SECONDS: String((2 * day) / 1000) });
        });

        it("a certificate that was renewed renews no second time", async () => {
            const { file } = await trial.request("pump-5");
            await trial.refused(403, "alreadyRenewed", trial.enroll("pumps", file, stolen));
        });

        it("a bootstrap certificate and a secret bring no second certificate", async () => {
            const { file } = await trial.request("pump-3");
            await trial.refused(403, "bootstrapUsed", trial.enroll("pumps", file, bootstrap));
            const asked = await trial.request("own-1");
            const by = ["--user", `own-1:${secret}`];
            await trial.refused(
                403,
                "bootstrapUsed",
                trial.enroll("pumps", asked.file, undefined, ...by),
            );
        });

        it("starts although a device's own certificate in the settings has expired, says so, and serves that device by its secret", async () => {
            const told = trial.service.entries.filter(({ event }) => event === "unusableFile");
            assert.deepEqual(
                told.map(({ device, setting, rule }) => [device, setting, rule]),
                [["own-2", "devices[10].certificates[0]", "must not have expired"]],
            );
            assert.match(String(told[0].remedy), /renew the certificate/);
            const { file } = await trial.request("own-2");
            const by = ["--user", `own-2:${secret}`];
            const reply = await trial.enroll("pumps", file, undefined, ...by);
            assert.equal(reply.status, 200, reply.body);
            // It begins two days after OpenSSL's clock.
            const [issued] = await trial.certificatesIn(reply);
            assert.ok(new X509Certificate(issued).checkIssued(trial.pumps.x509));
            const own = {
                certificate: trial.deployment.project.file("own-2.pem"),
                key: trial.deployment.project.file("own-2.key"),
                pem: "",
            };
            await trial.refused(403, "untrustedIssuer", trial.enroll("pumps", file, own));
        });

        it("reads the stack again on SIGHUP, and tells its health and metrics", async () => {
            const before = trial.service.entries.length;
            process.kill(trial.service.pid, "SIGHUP");
            const { issuers } = await trial.service.entry("reloaded", before);
            // Said at the start already.
            const later = trial.service.entries.slice(before).map(({ event }) => event);
            assert.ok(!later.includes("unusableFile"));
            assert.deepEqual(issuers, ["pumps-g1", "valves-g1", "gateways-g1", "old-g1"]);
            const health = await run("curl", [
                "-s",
                "--noproxy",
                "*",
                `${trial.service.status}/health`,
            ]);
            assert.equal(health.stdout, "ok\n");
            const { stdout } = await run("curl", [
                ...["-s", "--noproxy", "*", `${trial.service.status}/metrics`],
            ]);
            assert.match(stdout, /^est_refused_total\{reason="alreadyRenewed"\} 1$/m);
            assert.match(stdout, /^est_refused_total\{reason="bootstrapUsed"\} 2$/m);
            assert.match(stdout, /^est_ca_days_left\{group="pumps",authority="pumps-g1"\} 182/m);
            assert.match(stdout, /^est_request_seconds_count 5$/m);
            // Of ten days, two have passed.
            assert.match(stdout, /^est_server_days_left (7\.9|8$)/m);
        });

        it("is not healthy when its own certificate has expired, which it says with the remedy", async () => {
            const later = await trial.start({ LATER_CLOCK_SECONDS: String((11 * day) / 1000) });
            const { stdout } = await run("curl", [
                ...["-s", "--noproxy", "*", "-w", "%{http_code}", `${later.status}/health`],
            ]);
            await later.stop();
            assert.match(stdout, /^the service's own certificate expired on .*: renew it.*\n503$/);
        });

        it("ends with status 0 on SIGTERM; killed, the other one has lost no line", async () => {
            assert.equal(await trial.service.stop(), 0);
            assert.equal(await firstInstance.stop("SIGKILL"), "SIGKILL");
            const issued = trial
                .issuedLines()
                .map(({ device, by }) => `${device} ${by}`)
                // strongSwan may be absent.
                .filter((line) => !line.startsWith("pump-6 "));
            assert.deepEqual(issued, [
                "pump-1 certificate",
                "pump-2 certificate",
                "pump-2 certificate",
                "pump-4 certificate",
                "own-1 secret",
                "pump-5 certificate",
                "pump-3 bootstrap",
                "own-2 secret",
            ]);
            const text =
                readFileSync(trial.audit(), "utf8") + JSON.stringify(firstInstance.entries);
            assert.doesNotMatch(text, /PRIVATE KEY/);
            assert.ok(!text.includes(secret));
        });
    });
});
