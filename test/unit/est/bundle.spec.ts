import { strict as assert } from "assert";
import { execFile } from "child_process";
import { X509Certificate } from "crypto";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import { join } from "path";
import { connect } from "tls";
import { promisify } from "util";
import { bundleSource } from "../../../cli/est/bundleSource";
import { writePrivateFile } from "../../../cli/privateFile";
import { EstBundle, readBundle, writeBundle } from "../../../est/bundle";
import { EstServer } from "../../../est/server";
import { EstService } from "../../../est/service";
import { WaitingNotes } from "../../../est/waitingNotes";
import { AuditLog } from "../../../est/audit";
import { Metrics } from "../../../est/metrics";
import { issue, Issued, makeCa } from "../../support/pki";

const run = promisify(execFile);

describe("the bundle of a container", () => {
    const folder = mkdtempSync(join(tmpdir(), "est-bundle-"));
    const login = {
        ARM_USE_MSI: "true",
        ARM_SUBSCRIPTION_ID: "5f1f6b1d-2e0c-4a53-9f0b-8d3cbf0a7d11",
        ARM_CLIENT_ID: "8d3cbf0a-2e0c-4a53-9f0b-5f1f6b1d7d11",
    };
    const former = { ...process.env };
    let root: Issued;
    let pumps: Issued;

    before(async () => {
        Object.assign(process.env, login);
        root = await makeCa({ commonName: "Bundle Root" });
        pumps = await issue(root, { commonName: "Pumps G1", ca: true });
    });

    after(() => {
        for (const name of Object.keys(login)) {
            const value = former[name];
            if (value === undefined) {
                delete process.env[name];
            } else {
                process.env[name] = value;
            }
        }
        rmSync(folder, { recursive: true });
    });

    function bundle(change: Partial<EstBundle> = {}): EstBundle {
        const issuer = { name: "pumps-g1", certificatePem: pumps.certificate };
        return {
            stack: "prod",
            serverName: "est-contoso.westeurope.azurecontainer.io",
            hubs: [{ id: "/subscriptions/s/hub", hostName: "hub.azure-devices.net" }],
            size: { sku: "S1", units: 1 },
            keys: new Map([["pumps-g1", pumps.key]]),
            policy: {
                groups: new Map([
                    [
                        "pumps",
                        {
                            name: "pumps",
                            isBlocked: false,
                            validityDays: 90,
                            renewBeforeDays: 30,
                            isProvisioned: false,
                            hasIdentityCertificates: false,
                            trusted: [issuer],
                            issuer,
                            rootPem: root.certificate,
                            bootstrapPem: undefined,
                            secrets: new Map([
                                [
                                    "__proto__-1",
                                    { sha256: "0".repeat(64), expires: "2030-01-01T00:00:00Z" },
                                ],
                            ]),
                        },
                    ],
                ]),
                devices: new Map([
                    ["pump-01", { group: "pumps", isDisabled: false }],
                    ["meter-01", { group: undefined, isDisabled: true }],
                ]),
                subject: { organization: "Contoso" },
                graceDays: 3,
                repeatHours: 24,
            },
            ...change,
        };
    }

    function saved(name: string, text: string): string {
        const file = join(folder, name);
        writePrivateFile(file, text);
        return file;
    }

    it("is read as it was written", () => {
        assert.deepEqual(readBundle(writeBundle(bundle())), bundle());
    });

    it("is refused without a word of its content when it is damaged or of another version", () => {
        const secret = "BEGIN PRIVATE KEY";
        for (const text of [`{"keys": "${secret}`, `{"version": 2, "keys": "${secret}"}`, "null"]) {
            assert.throws(
                () => readBundle(text),
                (error: Error) => !error.message.includes(secret) && / — /.test(error.message),
            );
        }
    });

    it("is refused when its key is not the CA's", async () => {
        const file = saved(
            "other.json",
            writeBundle(bundle({ keys: new Map([["pumps-g1", root.key]]) })),
        );
        await assert.rejects(bundleSource(file).read(), /has no key of the CA pumps-g1/);
    });

    it("gives the server a certificate of a CA that is valid, whatever has become of another group's", async () => {
        const ended = await issue(root, {
            commonName: "Old G1",
            ca: true,
            notBefore: new Date(Date.now() - 2000),
            notAfter: new Date(Date.now() - 1000),
        });
        const { policy, keys } = bundle();
        const [pumpsGroup] = policy.groups.values();
        const issuer = { name: "old-g1", certificatePem: ended.certificate };
        const old = { ...pumpsGroup, name: "old", trusted: [issuer], issuer };
        const written = writeBundle({
            ...bundle({ keys: new Map([...keys, ["old-g1", ended.key]]) }),
            policy: {
                ...policy,
                groups: new Map([
                    ["old", old],
                    ["pumps", pumpsGroup],
                ]),
            },
        });
        const source = bundleSource(saved("ended.json", written));
        const { cert } = await source.identity(await source.read());
        assert.ok(new X509Certificate(cert).checkIssued(pumps.x509));
        const alone = writeBundle({
            ...bundle({ keys: new Map([["old-g1", ended.key]]) }),
            policy: { ...policy, groups: new Map([["old", old]]) },
        });
        const none = bundleSource(saved("none.json", alone));
        await assert.rejects(none.identity(await none.read()), /no group has a CA that is valid/);
    });

    it("gives the server a certificate that OpenSSL and Node's TLS accept below the root for its name alone", async () => {
        const { serverName } = bundle();
        const source = bundleSource(saved("good.json", writeBundle(bundle())));
        const environment = await source.read();
        const identity = await source.identity(environment);
        const [chain, anchor] = [
            saved("chain.pem", identity.cert),
            saved("root.pem", root.certificate),
        ];
        const judge = (...more: string[]) =>
            run("openssl", ["verify", "-CAfile", anchor, "-untrusted", chain, ...more, chain]);
        await judge("-purpose", "sslserver", "-verify_hostname", serverName);
        await assert.rejects(judge("-purpose", "sslclient"));
        await assert.rejects(judge("-purpose", "sslserver", "-verify_hostname", "other.example"));
        const metrics = new Metrics();
        const { policy, signer, directory } = environment;
        const server = new EstServer({
            service: new EstService({
                policy: () => policy,
                signer,
                directory,
                audit: AuditLog.toOutput(),
                waiting: new WaitingNotes(),
                onIssued: () => undefined,
            }),
            metrics,
            identity,
            log: () => undefined,
        });
        const port = await server.listen("127.0.0.1", 0);
        try {
            const peer = await new Promise<X509Certificate | undefined>((resolve, reject) => {
                const socket = connect(
                    { host: "127.0.0.1", port, servername: serverName, ca: root.certificate },
                    () => {
                        resolve(socket.getPeerX509Certificate());
                        socket.end();
                    },
                );
                socket.once("error", reject);
            });
            assert.equal(peer?.subjectAltName, `DNS:${serverName}`);
        } finally {
            await server.close();
        }
    });
});
