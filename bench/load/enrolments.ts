import "reflect-metadata";
import { ChildProcess, fork } from "child_process";
import { once } from "events";
import { mkdtempSync, rmSync } from "fs";
import * as https from "https";
import { tmpdir } from "os";
import * as path from "path";
import * as x509 from "@peculiar/x509";
import type { EstStart } from "../children/estService";
import { issue, Issued, KeyType, makeCa, makeKeys } from "../support/pki";
import { inParallel } from "../../scripts/lib/inParallel";

const day = 24 * 3600 * 1000;

/** Figures of one kind of key. */
type Figures = Readonly<Record<string, number>>;

/**
 * So many devices renew at the EST service, each over a TLS connection of its own, with P-256 keys, then with RSA: 4096 bits of
 * the CA, 2048 of the devices. The hub is left out: its answers would be measured.
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
    const child = fork(path.join(__dirname, "../children/estService.ts"), {
        execArgv: ["-r", "ts-node/register/transpile-only"],
    });
    try {
        const ca = await makeCa({ commonName: "Load CA", keyType: caKey });
        // The name is checked against the common name where a certificate has no alternative names (RFC 6125, 6.4.4).
        const server = await issue(ca, {
            commonName: "localhost",
            extendedKeyUsage: ["serverAuth"],
        });
        const start: EstStart = {
            certificatePem: ca.certificate,
            privateKeyPem: ca.key,
            identity: { cert: server.certificate, key: server.key },
            auditFile: path.join(folder, "audit.jsonl"),
        };
        child.send(start);
        const [{ port }] = (await once(child, "message")) as [{ port: number }];
        const clients = await makeClients(ca, deviceKey, devices);
        const latencies: number[] = [];
        const before = await usage(child);
        const began = Date.now();
        await inParallel(concurrency, clients, async ({ leaf, request }) => {
            const asked = Date.now();
            const status = await enrol(port, ca, leaf, request);
            if (status !== 200) {
                throw new Error(`the service answered ${status}`);
            }
            latencies.push(Date.now() - asked);
        });
        const seconds = (Date.now() - began) / 1000;
        const after = await usage(child);
        latencies.sort((one, other) => one - other);
        const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)];
        return {
            [`${name}: enrolments`]: latencies.length,
            [`${name}: enrolments per second`]: devices / seconds,
            [`${name}: median latency in ms`]: at(0.5),
            [`${name}: 99th percentile in ms`]: at(0.99),
            [`${name}: ms of processor time each`]:
                ((after.seconds - before.seconds) * 1000) / devices,
            [`${name}: MB of the service at the end`]: after.megabytes,
        };
    } finally {
        child.kill();
        rmSync(folder, { recursive: true });
    }
}

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

function enrol(port: number, ca: Issued, leaf: Issued, request: string): Promise<number> {
    return new Promise((resolve, reject) => {
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
                reply.resume();
                reply.once("end", () => resolve(reply.statusCode ?? 0));
            },
        );
        sent.once("error", reject);
        sent.end(request);
    });
}

interface Usage {
    readonly megabytes: number;
    /** Of processor time, since its start. */
    readonly seconds: number;
}

async function usage(child: ChildProcess): Promise<Usage> {
    child.send("usage");
    const [answer] = (await once(child, "message")) as [Usage];
    return answer;
}
