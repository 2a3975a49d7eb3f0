import { strict as assert } from "assert";
import { execFile } from "child_process";
import { createHash, X509Certificate } from "crypto";
import { readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { promisify } from "util";
import { Deployment, HubAuthentication } from "../support/deployment";
import { curl, EstProcess, Reply } from "../support/estService";
import { connects } from "../support/liveDevice";
import { issue, Issued, makeCa } from "../support/pki";
import { skip } from "../support/skip";
import { importCa } from "../support/importedCa";

const run = promisify(execFile);
const day = 24 * 3600 * 1000;
const hubName = "iot-est";
const secret = "correct horse battery staple";
const group = { keyAlgorithm: "ECDSA-P256", validityDays: 90, renewBeforeDays: 30 };

/** A client certificate with its key, as files. */
interface Client {
    readonly certificate: string;
    readonly key: string;
    readonly pem: string;
}

/** The service against clients that nobody here wrote, judged by OpenSSL and by the hub. */
describe("npm run est", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let service: EstProcess;
    let serverCa: string;
    let maker: Issued;
    /** The CAs of the groups, with the keys that the state has. */
    let pumps: Issued;
    let valves: Issued;
    let old: Issued;
    /** The service's own certificate. */
    let own: Pick<Client, "certificate" | "key">;
    const audit = () => deployment.project.file("audit.jsonl");

    before(async function () {
        maker = await makeCa({ commonName: "Maker CA" });
        deployment = await Deployment.make(this, "est", {
            hub: { name: hubName },
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: { pumps: group, valves: group, old: { ...group, blocked: true } },
            devices: [
                ...["pump-1", "pump-2", "pump-3", "pump-4", "pump-5", "pump-6"].map((id) => ({
                    id,
                    group: "pumps",
                })),
                { id: "pump-off", group: "pumps", status: "disabled" },
                { id: "valve-1", group: "valves" },
                { id: "old-1", group: "old" },
                { id: "own-1", auth: "thumbprint", thumbprints: ["0123456789ABCDEF".repeat(4)] },
            ],
            outputDevices: [],
            est: {
                graceDays: 7,
                bootstrap: [{ group: "pumps", certificate: "maker.pem", secrets: "secrets.csv" }],
            },
        });
        const { project } = deployment;
        writeFileSync(project.file("maker.pem"), maker.certificate);
        const digest = createHash("sha256").update(secret).digest("hex");
        writeFileSync(
            project.file("secrets.csv"),
            `device,sha256,expires\nown-1,${digest},2099-01-01\npump-5,${digest},2020-01-01\n`,
        );
        await deployment.up();
        const state = JSON.parse(await deployment.pulumi("stack", "export", "--show-secrets"));
        [pumps, valves, old] = await Promise.all(
            ["pumps-g1", "valves-g1", "old-g1"].map((one) => importCa(state, one)),
        );
        const server = await makeCa({ commonName: "EST server CA" });
        serverCa = project.file("server-ca.pem");
        writeFileSync(serverCa, server.certificate);
        own = await serverCertificate(server);
        service = await start();
    });

    after(async () => {
        await service?.stop();
        await deployment?.remove();
    });

    function start(more: NodeJS.ProcessEnv = {}): Promise<EstProcess> {
        const { project, name, variables } = deployment;
        const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
        const options = `${variables.NODE_OPTIONS ?? ""} --require "${clock}"`;
        const later = more.LATER_CLOCK_SECONDS === undefined ? {} : { NODE_OPTIONS: options };
        return EstProcess.start(
            project.folder,
            { ...process.env, ...variables, ...later, ...more },
            [
                ...["--stack", name, "--certificate", own.certificate, "--key", own.key],
                ...["--listen", "127.0.0.1:0", "--status", "127.0.0.1:0", "--audit", audit()],
            ],
        );
    }

    /** Made by OpenSSL, because it needs a name for the host. */
    async function serverCertificate(ca: Issued): Promise<Pick<Client, "certificate" | "key">> {
        const file = (name: string) => deployment.project.file(name);
        writeFileSync(file("server-ca.key"), ca.key, { mode: 0o600 });
        await openssl(
            ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            ...["-keyout", file("server.key"), "-out", file("server.pem"), "-x509", "-days", "10"],
            ...["-CA", serverCa, "-CAkey", file("server-ca.key"), "-subj", "/CN=localhost"],
            ...["-addext", "subjectAltName=DNS:localhost"],
            ...["-addext", "basicConstraints=critical,CA:FALSE"],
        );
        return { certificate: file("server.pem"), key: file("server.key") };
    }

    async function openssl(...args: string[]): Promise<string> {
        return (await run("openssl", args)).stdout;
    }

    let files = 0;

    /** A device's certificate: days since its start, and until its end. */
    async function client(ca: Issued, commonName: string, since = 80, left = 10): Promise<Client> {
        const made = await issue(ca, {
            commonName,
            notBefore: new Date(Date.now() - since * day),
            notAfter: new Date(Date.now() + left * day),
        });
        const [certificate, key] = ["pem", "key"].map((ending) =>
            deployment.project.file(`client-${files}.${ending}`),
        );
        files++;
        writeFileSync(certificate, made.certificate);
        writeFileSync(key, made.key, { mode: 0o600 });
        return { certificate, key, pem: made.certificate };
    }

    /** A request by OpenSSL, in base64. */
    async function request(
        commonName: string,
        key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        breaks = true,
    ): Promise<{ readonly file: string; readonly key: string }> {
        const [out, keyFile] = ["csr", "key"].map((ending) =>
            deployment.project.file(`request-${files}.${ending}`),
        );
        files++;
        await openssl(
            ...["req", "-new", "-newkey", ...key, "-nodes", "-keyout", keyFile],
            ...["-subj", `/CN=${commonName}`, "-outform", "DER", "-out", out],
        );
        const text = readFileSync(out).toString("base64");
        writeFileSync(out, breaks ? text.replace(/.{64}/g, "$&\n") : text);
        return { file: out, key: keyFile };
    }

    async function enroll(
        label: string,
        body: string,
        by?: Client,
        ...more: string[]
    ): Promise<Reply> {
        return curl(
            serverCa,
            `${service.address}/.well-known/est/${label}/simpleenroll`,
            ...["--data-binary", `@${body}`, "-H", "Content-Type: application/pkcs10"],
            ...(by === undefined ? [] : ["--cert", by.certificate, "--key", by.key]),
            ...more,
        );
    }

    /** Expects a refusal by its status, and its reason in the log. */
    async function refused(status: number, reason: string, reply: Promise<Reply>): Promise<void> {
        const before = service.entries.length;
        const got = await reply;
        assert.equal(got.status, status, got.body);
        assert.equal(got.body, `${reason}\n`);
        const entry = await service.entry("refused", before);
        assert.equal(entry.reason, reason);
        assert.equal(entry.status, status);
    }

    /** The certificates in an answer, as OpenSSL reads them. */
    async function certificatesIn({ body }: Reply): Promise<string[]> {
        const file = deployment.project.file(`answer-${files++}.p7`);
        writeFileSync(file, Buffer.from(body, "base64"));
        const text = await openssl("pkcs7", "-inform", "DER", "-in", file, "-print_certs");
        return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
    }

    /** The one leaf of an answer, verified by OpenSSL as a client's below the stack's root. */
    async function leaf(reply: Reply): Promise<string> {
        assert.equal(reply.status, 200, reply.body);
        const found = await certificatesIn(reply);
        assert.equal(found.length, 1);
        const [file, root, chain] = ["leaf", "root", "chain"].map((one) =>
            deployment.project.file(`${one}-${files++}.pem`),
        );
        writeFileSync(file, found[0]);
        writeFileSync(root, await deployment.rootCertificate());
        writeFileSync(chain, pumps.certificate);
        const options = ["-x509_strict", "-purpose", "sslclient", "-CAfile", root];
        await openssl("verify", ...options, "-untrusted", chain, file);
        return found[0];
    }

    async function connection(id: string, certificate: string, keyFile: string) {
        return {
            connectionString: `HostName=${hubName}.azure-devices.net;DeviceId=${id};x509=true`,
            chain: `${certificate}${pumps.certificate}`,
            privateKey: readFileSync(keyFile, "utf8"),
        };
    }

    const issuedLines = () =>
        readFileSync(audit(), "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as { device: string; by: string; thumbprint: string });

    describe("answers", () => {
        it("cacerts with the group's intermediate, then the root, to anybody", async () => {
            const url = `${service.address}/.well-known/est/pumps/cacerts`;
            const reply = await curl(serverCa, url);
            assert.equal(reply.status, 200);
            assert.match(reply.headers, /^Content-Type: application\/pkcs7-mime\r$/m);
            assert.match(
                reply.headers,
                new RegExp(`^Content-Length: ${reply.body.length}\r$`, "m"),
            );
            assert.ok(reply.headers.length + 4 < 1024);
            const found = (await certificatesIn(reply)).map((pem) => new X509Certificate(pem));
            const [intermediate, root] = found;
            assert.equal(found.length, 2);
            assert.equal(intermediate.fingerprint256, pumps.x509.fingerprint256);
            assert.ok(intermediate.checkIssued(root) && root.checkIssued(root));
        });

        it("csrattrs with an empty sequence", async () => {
            const reply = await curl(serverCa, `${service.address}/.well-known/est/pumps/csrattrs`);
            assert.equal(reply.status, 200);
            assert.deepEqual(Buffer.from(reply.body, "base64"), Buffer.from([0x30, 0]));
        });

        it("the handshake without names of CAs, as OpenSSL shows it", async () => {
            const { port } = new URL(service.address);
            const { stdout } = await run("bash", [
                "-c",
                `openssl s_client -connect 127.0.0.1:${port} -servername localhost -CAfile '${serverCa}' </dev/null`,
            ]);
            assert.match(stdout, /No client certificate CA names sent/);
            assert.match(stdout, /Verify return code: 0/);
        });
    });

    it("a renewal with a new key, whose certificate the hub accepts", async () => {
        const before = await client(pumps, "pump-1");
        const { file, key } = await request("pump-1");
        const reply = await enroll("pumps", file, before);
        assert.match(reply.headers, /^Content-Type: application\/pkcs7-mime\r$/m);
        const certificate = await leaf(reply);
        const { subject, validTo } = new X509Certificate(certificate);
        assert.deepEqual(subject.split("\n").sort(), ["C=US", "CN=pump-1", "O=MyOrg"]);
        assert.ok(Math.abs(Date.parse(validTo) - Date.now() - 90 * day) < day);
        await connects(await connection("pump-1", certificate, key));
        assert.equal(issuedLines().at(-1)?.device, "pump-1");
    });

    it("the same request again, when the answer was lost; base64 without line breaks", async () => {
        const by = await client(pumps, "pump-2");
        const { file } = await request("pump-2", undefined, false);
        const first = await leaf(await enroll("pumps", file, by));
        const second = await leaf(await enroll("pumps", file, by));
        assert.notEqual(first, second);
    });

    it("an RSA key, and a certificate that expired within the grace", async () => {
        const by = await client(pumps, "pump-4", 90, -3);
        const { file } = await request("pump-4", ["rsa:2048"]);
        await leaf(await enroll("pumps", file, by));
    });

    describe("refuses", () => {
        let good: string;

        before(async () => {
            good = (await request("pump-5")).file;
        });

        const renewing = (id = "pump-5") => client(pumps, id);

        it("a client without a certificate or a secret", async () => {
            const reply = enroll("pumps", good);
            await refused(401, "noCredentials", reply);
            assert.match((await reply).headers, /^WWW-Authenticate: Basic realm="est"\r?$/m);
        });

        it("a wrong secret, and one that expired", async () => {
            const by = (user: string, word: string) =>
                enroll("pumps", good, undefined, "--user", `${user}:${word}`);
            await refused(401, "wrongSecret", by("own-1", "guessed"));
            await refused(401, "wrongSecret", by("nobody", secret));
            await refused(401, "secretExpired", by("pump-5", secret));
        });

        it("a certificate of another group", async () => {
            const { file } = await request("valve-1");
            await refused(
                403,
                "wrongGroup",
                enroll("pumps", file, await client(valves, "valve-1")),
            );
        });

        it("a group that does not exist", async () =>
            refused(404, "unknownGroup", enroll("fans", good, await renewing())));

        it("a blocked group", async () => {
            const { file } = await request("old-1");
            await refused(403, "groupBlocked", enroll("old", file, await client(old, "old-1")));
        });

        it("a disabled device", async () => {
            const { file } = await request("pump-off");
            await refused(403, "deviceDisabled", enroll("pumps", file, await renewing("pump-off")));
        });

        it("a device that no hub has", async () => {
            const { file } = await request("pump-99");
            await refused(403, "deviceUnknown", enroll("pumps", file, await renewing("pump-99")));
        });

        it("a certificate after the grace", async () =>
            refused(403, "expired", enroll("pumps", good, await client(pumps, "pump-5", 90, -8))));

        it("a certificate of another CA with the same names", async () => {
            const foreign = await makeCa({ commonName: "IoT Intermediate CA pumps G1" });
            const by = await client(foreign, "pump-5");
            await refused(403, "untrustedIssuer", enroll("pumps", good, by));
        });

        it("a certificate long before its end", async () => {
            const reply = enroll("pumps", good, await client(pumps, "pump-5", 10, 80));
            await refused(403, "tooEarly", reply);
            assert.match((await reply).headers, /^Retry-After: \d+\r?$/m);
        });

        it("a request with another common name", async () => {
            const { file } = await request("pump-1");
            await refused(403, "otherName", enroll("pumps", file, await renewing()));
        });

        it("a weak key", async () => {
            const { file } = await request("valve-1", ["rsa:1024"]);
            await refused(400, "weakKey", enroll("valves", file, await client(valves, "valve-1")));
        });

        it("garbage, and base64 of something else", async () => {
            for (const text of ["\0\u0001 garbage", Buffer.from("hello").toString("base64")]) {
                const file = deployment.project.file("garbage");
                writeFileSync(file, text);
                const by = await client(valves, "valve-1");
                await refused(400, "badRequest", enroll("valves", file, by));
            }
        });

        it("a body that is too large, also without a length", async () => {
            const file = deployment.project.file("large");
            writeFileSync(file, "A".repeat(100_000));
            const by = await client(valves, "valve-1");
            await refused(413, "tooLarge", enroll("valves", file, by));
            const chunked = ["-H", "Transfer-Encoding: chunked"];
            await refused(413, "tooLarge", enroll("valves", file, by, ...chunked));
        });

        it("other media types, methods and paths", async () => {
            const by = await client(valves, "valve-1");
            const url = (end: string) => `${service.address}/.well-known/est/${end}`;
            await refused(
                415,
                "wrongType",
                curl(
                    serverCa,
                    url("valves/simplereenroll"),
                    ...["--data-binary", `@${good}`, "-H", "Content-Type: text/plain"],
                    ...["--cert", by.certificate, "--key", by.key],
                ),
            );
            await refused(405, "wrongMethod", curl(serverCa, url("valves/simpleenroll")));
            await refused(404, "unknownPath", curl(serverCa, url("valves/serverkeygen")));
            await refused(404, "unknownPath", curl(serverCa, url("cacerts")));
        });

        it("a device that asks too often", async () => {
            const by = await client(valves, "valve-1");
            const { file } = await request("pump-1");
            for (let asked = 0; asked < 12; asked++) {
                const { status } = await enroll("valves", file, by);
                if (status === 429) {
                    return;
                }
            }
            assert.fail("it was never refused");
        });
    });

    describe("a device that the hub knows by its thumbprint", () => {
        let first: string;
        let key: string;

        /** As Azure's SDK reads them. */
        async function thumbprints(id: string): Promise<string[]> {
            const registry = await deployment.registry();
            const { authentication } = (await registry.get(id)).responseBody as unknown as {
                authentication: HubAuthentication;
            };
            const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint ?? {};
            return [primaryThumbprint, secondaryThumbprint].flatMap((one) => one || []);
        }

        it("gets its first certificate by a one-time secret, and the hub knows both", async () => {
            const asked = await request("own-1");
            key = asked.key;
            first = await leaf(
                await enroll("pumps", asked.file, undefined, "--user", `own-1:${secret}`),
            );
            assert.deepEqual(await thumbprints("own-1"), [
                "0123456789ABCDEF".repeat(4),
                new X509Certificate(first).fingerprint256.replace(/:/g, ""),
            ]);
            await connects(await connection("own-1", first, key));
        });

        it("keeps only the new one once that was used", async () => {
            const file = deployment.project.file("own-1.pem");
            writeFileSync(file, first);
            const { file: body } = await request("own-1");
            const reply = enroll("pumps", body, { certificate: file, key, pem: first });
            await refused(403, "tooEarly", reply);
            assert.deepEqual(await thumbprints("own-1"), [
                new X509Certificate(first).fingerprint256.replace(/:/g, ""),
            ]);
        });

        it("keeps it when up compares the states with the hub, and when up disables the device", async () => {
            deployment.changeDevice("own-1", { status: "disabled" });
            await deployment.up("--refresh");
            assert.deepEqual(await thumbprints("own-1"), [
                new X509Certificate(first).fingerprint256.replace(/:/g, ""),
            ]);
            const { file } = await request("own-1");
            const by = ["--user", `own-1:${secret}`];
            await refused(403, "deviceDisabled", enroll("pumps", file, undefined, ...by));
            deployment.changeDevice("own-1", { status: "enabled" });
            const registry = await deployment.registry();
            const { responseBody: device } = await registry.get("own-1");
            await registry.update({ ...device, status: "enabled" } as never);
        });

        it("is refused with a certificate of the group that is not registered", async () => {
            const { file } = await request("own-1");
            await refused(
                403,
                "notRegistered",
                enroll("pumps", file, await client(pumps, "own-1")),
            );
        });
    });

    /** With a TLS stack of its own; it takes the answer's headers from the first 1,024 bytes that it reads. */
    describe("strongSwan's pki", () => {
        before(async function () {
            try {
                await run("pki", ["--help"]);
            } catch (error) {
                const { code, message } = error as { code?: string; message: string };
                if (code !== "ENOENT") {
                    throw new Error(message);
                }
                skip(this, { lacks: "strongSwan", why: "no pki on PATH (strongswan-pki)" });
            }
        });

        /** It puts the path itself between address and group. */
        const url = () => `${service.address}/pumps`;
        const root = () => ["--cacert", serverCa];

        it("gets the CAs", async () => {
            const out = deployment.project.file("strongswan-ca");
            const args = ["--estca", "--url", url(), ...root()];
            await run("pki", [...args, "--caout", out, "--force"]);
            const found = new X509Certificate(readFileSync(`${out}-1.der`));
            assert.equal(found.fingerprint256, pumps.x509.fingerprint256);
        });

        it("renews", async () => {
            const by = await client(pumps, "pump-6");
            const { file } = await request("pump-6");
            const der = deployment.project.file("strongswan.csr");
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
            stolen = await client(pumps, "pump-5");
            await leaf(await enroll("pumps", (await request("pump-5")).file, stolen));
            bootstrap = await client(maker, "pump-3");
            await leaf(await enroll("pumps", (await request("pump-3")).file, bootstrap));
            firstInstance = service;
            service = await start({ LATER_CLOCK_SECONDS: String((2 * day) / 1000) });
        });

        it("a certificate that was renewed renews no second time", async () => {
            const { file } = await request("pump-5");
            await refused(403, "alreadyRenewed", enroll("pumps", file, stolen));
        });

        it("a bootstrap certificate and a secret bring no second certificate", async () => {
            const { file } = await request("pump-3");
            await refused(403, "bootstrapUsed", enroll("pumps", file, bootstrap));
            const own = await request("own-1");
            const by = ["--user", `own-1:${secret}`];
            await refused(403, "bootstrapUsed", enroll("pumps", own.file, undefined, ...by));
        });

        it("reads the stack again on SIGHUP, and tells its health and metrics", async () => {
            const before = service.entries.length;
            process.kill(service.pid, "SIGHUP");
            const { issuers } = await service.entry("reloaded", before);
            assert.deepEqual(issuers, ["pumps-g1", "valves-g1", "old-g1"]);
            const health = await run("curl", ["-s", "--noproxy", "*", `${service.status}/health`]);
            assert.equal(health.stdout, "ok\n");
            const { stdout } = await run("curl", [
                ...["-s", "--noproxy", "*", `${service.status}/metrics`],
            ]);
            assert.match(stdout, /^est_refused_total\{reason="alreadyRenewed"\} 1$/m);
            assert.match(stdout, /^est_refused_total\{reason="bootstrapUsed"\} 2$/m);
            assert.match(stdout, /^est_ca_days_left\{group="pumps",authority="pumps-g1"\} 182/m);
            assert.match(stdout, /^est_request_seconds_count 3$/m);
        });

        it("ends with status 0 on SIGTERM; killed, the other one has lost no line", async () => {
            assert.equal(await service.stop(), 0);
            assert.equal(await firstInstance.stop("SIGKILL"), "SIGKILL");
            const issued = issuedLines()
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
            ]);
            const text = readFileSync(audit(), "utf8") + JSON.stringify(firstInstance.entries);
            assert.doesNotMatch(text, /PRIVATE KEY/);
            assert.ok(!text.includes(secret));
        });
    });
});
