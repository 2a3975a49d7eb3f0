import "reflect-metadata";
import { ChildProcess, fork } from "child_process";
import { X509Certificate } from "crypto";
import { once } from "events";
import { mkdtempSync, readFileSync, rmSync } from "fs";
import * as https from "https";
import { tmpdir } from "os";
import * as path from "path";
import { text } from "stream/consumers";
import * as x509 from "@peculiar/x509";
import type { EstStart } from "../children/estService";
import { issue, Issued, KeyType, makeCa, makeKeys } from "../support/pki";
import { inParallel } from "../../scripts/lib/inParallel";

const day = 24 * 3600 * 1000;

/** Figures of one kind of key. */
type Figures = Readonly<Record<string, number>>;

/**
 * So many devices renew at the EST service, each over a TLS connection of its own, with P-256 keys, then with RSA: 4096 bits of
 * the CA, 2048 of the devices. When half have their answers, the service is killed and started again, and whoever waited asks
 * again. The hub is left out: its answers would be measured.
 *
 * @throws Error when a client was given a certificate that the audit log does not have
 */
export async function runEnrolments(devices: number, concurrency: number): Promise<Figures> {
    return {
        ...(await runKind("P-256", "ec", "ec", devices, concurrency)),
        ...(await runKind("RSA", "rsa4096", "rsa2048", devices, concurrency)),
    };
}

async function runKind(
    name: string,
    caKey: KeyType,
    deviceKey: KeyType,
    devices: number,
    concurrency: number,
): Promise<Figures> {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-est-load-"));
    const ca = await makeCa({ commonName: "Load CA", keyType: caKey });
    // The name is checked against the common name where a certificate has no alternative names (RFC 6125, 6.4.4).
    const server = await issue(ca, { commonName: "localhost", extendedKeyUsage: ["serverAuth"] });
    const service = new KilledService({
        certificatePem: ca.certificate,
        privateKeyPem: ca.key,
        identity: { cert: server.certificate, key: server.key },
        auditFile: path.join(folder, "audit.jsonl"),
    });
    try {
        await service.start();
        const clients = await makeClients(ca, deviceKey, devices);
        const latencies: number[] = [];
        const given: string[] = [];
        const before = await service.usage();
        const began = Date.now();
        await inParallel(concurrency, clients, async ({ leaf, request }) => {
            const { latency, body } = await service.ask((port) => enrol(port, ca, leaf, request));
            latencies.push(latency);
            given.push(body);
            if (latencies.length === Math.ceil(devices / 2)) {
                service.killAndStart();
            }
        });
        const seconds = (Date.now() - began - service.downMilliseconds) / 1000;
        const after = await service.usage();
        latencies.sort((one, other) => one - other);
        const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)];
        return {
            [`${name}: enrolments`]: latencies.length,
            [`${name}: enrolments per second`]: devices / seconds,
            [`${name}: median latency in ms`]: at(0.5),
            [`${name}: 99th percentile in ms`]: at(0.99),
            [`${name}: ms of processor time each`]:
                ((after.seconds - before.seconds) * 1000) / devices,
            [`${name}: MB of the service`]: after.megabytes,
            [`${name}: requests cut off by the kill`]: service.cutOff,
            [`${name}: certificates given and not in the log`]: countLost(folder, given),
        };
    } finally {
        await service.end();
        rmSync(folder, { recursive: true });
    }
}

/**
 * Each certificate that was given must be in the audit log, byte for byte.
 *
 * @throws Error when one is not
 */
function countLost(folder: string, given: readonly string[]): number {
    const lines = readFileSync(path.join(folder, "audit.jsonl"), "utf8").trimEnd().split("\n");
    const logged = new Set(
        lines.map((line) => {
            const { certificate } = JSON.parse(line) as { certificate: string };
            return new X509Certificate(certificate).fingerprint256;
        }),
    );
    const lost = given.filter((body) => {
        const [certificate] = new x509.X509Certificates(Buffer.from(body, "base64"));
        return !logged.has(new X509Certificate(Buffer.from(certificate.rawData)).fingerprint256);
    }).length;
    if (lost > 0) {
        throw new Error(`${lost} of ${given.length} certificates are not in the audit log`);
    }
    return lost;
}

interface Usage {
    readonly megabytes: number;
    /** Of processor time. */
    readonly seconds: number;
}

/** The EST service in a process that is killed without a warning, and started again on the same log. */
class KilledService {
    /** Time without a service. */
    downMilliseconds = 0;
    /** Requests that had no answer because of the kill. */
    cutOff = 0;
    private child: ChildProcess | undefined;
    private readonly former: Usage[] = [];
    private port: Promise<number> | undefined;
    private kills = 0;

    constructor(private readonly options: EstStart) {}

    async start(): Promise<void> {
        this.port = this.fork();
        await this.port;
    }

    private async fork(): Promise<number> {
        this.child = fork(path.join(__dirname, "../children/estService.ts"), {
            execArgv: ["-r", "ts-node/register/transpile-only"],
        });
        this.child.send(this.options);
        const [{ port }] = (await once(this.child, "message")) as [{ port: number }];
        return port;
    }

    /** Sends a request, and once more if the service was killed meanwhile. The latency is that of the last one, in ms. */
    async ask(
        send: (port: number) => Promise<string>,
    ): Promise<{ readonly latency: number; readonly body: string }> {
        for (;;) {
            const port = (await this.port) ?? 0;
            const { kills } = this;
            const asked = Date.now();
            try {
                const body = await send(port);
                return { latency: Date.now() - asked, body };
            } catch (error) {
                if (error instanceof Unanswered && this.kills > kills) {
                    this.cutOff++;
                    continue;
                }
                throw error;
            }
        }
    }

    /** Returns at once; those who ask meanwhile wait. */
    killAndStart(): void {
        this.port = this.restart();
    }

    private async restart(): Promise<number> {
        this.former.push(await this.own());
        const began = Date.now();
        this.kills++;
        await this.end();
        const port = await this.fork();
        this.downMilliseconds += Date.now() - began;
        return port;
    }

    /** Of all its processes. */
    async usage(): Promise<Usage> {
        const all = [...this.former, await this.own()];
        return {
            megabytes: Math.max(...all.map(({ megabytes }) => megabytes)),
            seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
        };
    }

    private async own(): Promise<Usage> {
        this.child?.send("usage");
        const [answer] = (await once(this.child as ChildProcess, "message")) as [Usage];
        return answer;
    }

    async end(): Promise<void> {
        const { child } = this;
        if (child?.exitCode === null && child.signalCode === null) {
            child.kill("SIGKILL");
            await once(child, "exit");
        }
    }
}

/** The connection ended before the answer. */
class Unanswered extends Error {}

interface LoadClient {
    readonly leaf: Issued;
    /** Base64. */
    readonly request: string;
}

/** All with one key pair: making keys is not what is measured. */
async function makeClients(ca: Issued, keyType: KeyType, devices: number): Promise<LoadClient[]> {
    const keys = await makeKeys(keyType);
    const ids = Array.from({ length: devices }, (_, index) => `load-${index}`);
    return inParallel(50, ids, async (commonName) => {
        const leaf = await issue(ca, {
            commonName,
            keys,
            notBefore: new Date(Date.now() - 80 * day),
            notAfter: new Date(Date.now() + 10 * day),
        });
        const request = await x509.Pkcs10CertificateRequestGenerator.create({
            name: `CN=${commonName}`,
            keys,
            signingAlgorithm: { ...keys.privateKey.algorithm, hash: "SHA-256" } as EcdsaParams,
        });
        return { leaf, request: request.toString("base64") };
    });
}

/** @returns the body of the answer */
function enrol(port: number, ca: Issued, leaf: Issued, request: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const fail = ({ message }: Error) => reject(new Unanswered(message));
        const sent = https.request(
            {
                host: "127.0.0.1",
                servername: "localhost",
                port,
                method: "POST",
                path: "/.well-known/est/load/simplereenroll",
                ca: ca.certificate,
                cert: leaf.certificate,
                key: leaf.key,
                agent: false,
                headers: { "Content-Type": "application/pkcs10" },
            },
            (reply) => {
                reply.once("error", fail);
                void text(reply).then((body) => {
                    if (reply.statusCode === 200) {
                        resolve(body);
                    } else {
                        reject(new Error(`the service answered ${reply.statusCode}: ${body}`));
                    }
                }, fail);
            },
        );
        sent.once("error", fail);
        sent.end(request);
    });
}
