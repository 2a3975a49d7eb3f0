import { strict as assert } from "assert";
import { execFile } from "child_process";
import { createHash } from "crypto";
import { readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { promisify } from "util";
import { Deployment } from "./deployment";
import { curl, EstProcess, Reply } from "./estService";
import { importCa } from "./importedCa";
import { issue, Issued, makeCa } from "./pki";

const run = promisify(execFile);
const day = 24 * 3600 * 1000;
const group = { keyAlgorithm: "ECDSA-P256", validityDays: 90, renewBeforeDays: 30 };

/** The one-time secret of `own-1` and `own-2`, and of `pump-5`, whose has expired. */
export const secret = "correct horse battery staple";

/** A client certificate with its key, as files. */
export interface Client {
    readonly certificate: string;
    readonly key: string;
    readonly pem: string;
}

/** A stack with an EST service, and clients that nobody here wrote. */
export class EstTrial {
    deployment!: Deployment;
    service!: EstProcess;
    /** File of the CA that signed the service's own certificate. */
    serverCa!: string;
    /** The manufacturer's CA. */
    maker!: Issued;
    /** The CAs of the groups, with the keys that the state has. */
    pumps!: Issued;
    valves!: Issued;
    old!: Issued;
    /** The service's own certificate. */
    private own!: Pick<Client, "certificate" | "key">;
    private files = 0;

    /** @param name of the stack, which no other test may have at the same time */
    constructor(private readonly name = "est") {}

    /** Deploys the stack and starts the service. */
    async begin(context: Mocha.Context): Promise<void> {
        this.maker = await makeCa({ commonName: "Maker CA" });
        this.deployment = await Deployment.make(context, this.name, {
            hub: { name: `iot-${this.name}` },
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
                { id: "own-2", auth: "thumbprint", certificates: ["own-2.pem"] },
            ],
            outputDevices: [],
            est: {
                graceDays: 7,
                bootstrap: [{ group: "pumps", certificate: "maker.pem", secrets: "secrets.csv" }],
            },
        });
        const { project } = this.deployment;
        writeFileSync(project.file("maker.pem"), this.maker.certificate);
        const digest = createHash("sha256").update(secret).digest("hex");
        writeFileSync(
            project.file("secrets.csv"),
            `device,sha256,expires\nown-1,${digest},2099-01-01\nown-2,${digest},2099-01-01\npump-5,${digest},2020-01-01\n`,
        );
        await openssl(
            ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            ...["-keyout", project.file("own-2.key"), "-out", project.file("own-2.pem")],
            ...["-days", "1", "-subj", "/CN=own-2"],
        );
        await this.deployment.up();
        const state = JSON.parse(await this.deployment.pulumi("stack", "export", "--show-secrets"));
        [this.pumps, this.valves, this.old] = await Promise.all(
            ["pumps-g1", "valves-g1", "old-g1"].map((one) => importCa(state, one)),
        );
        const server = await makeCa({ commonName: "EST server CA" });
        this.serverCa = project.file("server-ca.pem");
        writeFileSync(this.serverCa, server.certificate);
        this.own = await this.serverCertificate(server);
        this.service = await this.start();
    }

    async end(): Promise<void> {
        await this.service?.stop();
        await this.deployment?.remove();
    }

    /** The audit log of all instances. */
    audit(): string {
        return this.deployment.project.file("audit.jsonl");
    }

    /** Starts a service on this stack. */
    start(more: NodeJS.ProcessEnv = {}): Promise<EstProcess> {
        const { project, name, variables } = this.deployment;
        const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
        const options = `${variables.NODE_OPTIONS ?? ""} --require "${clock}"`;
        const later = more.LATER_CLOCK_SECONDS === undefined ? {} : { NODE_OPTIONS: options };
        return EstProcess.start(
            project.folder,
            { ...process.env, ...variables, ...later, ...more },
            [
                ...["--stack", name, "--certificate", this.own.certificate, "--key", this.own.key],
                ...["--listen", "127.0.0.1:0", "--status", "127.0.0.1:0", "--audit", this.audit()],
            ],
        );
    }

    /** Made by OpenSSL, because it needs a name for the host. */
    private async serverCertificate(ca: Issued): Promise<Pick<Client, "certificate" | "key">> {
        const file = (name: string) => this.deployment.project.file(name);
        writeFileSync(file("server-ca.key"), ca.key, { mode: 0o600 });
        await openssl(
            ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            ...["-keyout", file("server.key"), "-out", file("server.pem"), "-x509", "-days", "10"],
            ...["-CA", this.serverCa, "-CAkey", file("server-ca.key"), "-subj", "/CN=localhost"],
            ...["-addext", "subjectAltName=DNS:localhost"],
            ...["-addext", "basicConstraints=critical,CA:FALSE"],
        );
        return { certificate: file("server.pem"), key: file("server.key") };
    }

    /** A device's certificate: days since its start, and until its end. */
    async client(ca: Issued, commonName: string, since = 80, left = 10): Promise<Client> {
        const made = await issue(ca, {
            commonName,
            notBefore: new Date(Date.now() - since * day),
            notAfter: new Date(Date.now() + left * day),
        });
        const [certificate, key] = ["pem", "key"].map((ending) =>
            this.deployment.project.file(`client-${this.files}.${ending}`),
        );
        this.files++;
        writeFileSync(certificate, made.certificate);
        writeFileSync(key, made.key, { mode: 0o600 });
        return { certificate, key, pem: made.certificate };
    }

    /** A request by OpenSSL, in base64. */
    async request(
        commonName: string,
        key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        breaks = true,
    ): Promise<{ readonly file: string; readonly key: string }> {
        const [out, keyFile] = ["csr", "key"].map((ending) =>
            this.deployment.project.file(`request-${this.files}.${ending}`),
        );
        this.files++;
        await openssl(
            ...["req", "-new", "-newkey", ...key, "-nodes", "-keyout", keyFile],
            ...["-subj", `/CN=${commonName}`, "-outform", "DER", "-out", out],
        );
        const text = readFileSync(out).toString("base64");
        writeFileSync(out, breaks ? text.replace(/.{64}/g, "$&\n") : text);
        return { file: out, key: keyFile };
    }

    async enroll(label: string, body: string, by?: Client, ...more: string[]): Promise<Reply> {
        return curl(
            this.serverCa,
            `${this.service.address}/.well-known/est/${label}/simpleenroll`,
            ...["--data-binary", `@${body}`, "-H", "Content-Type: application/pkcs10"],
            ...(by === undefined ? [] : ["--cert", by.certificate, "--key", by.key]),
            ...more,
        );
    }

    /** Expects a refusal by its status, and its reason in the log. */
    async refused(status: number, reason: string, reply: Promise<Reply>): Promise<void> {
        const before = this.service.entries.length;
        const got = await reply;
        assert.equal(got.status, status, got.body);
        assert.equal(got.body, `${reason}\n`);
        const entry = await this.service.entry("refused", before);
        assert.equal(entry.reason, reason);
        assert.equal(entry.status, status);
    }

    /** The certificates in an answer, as OpenSSL reads them. */
    async certificatesIn({ body }: Reply): Promise<string[]> {
        const file = this.deployment.project.file(`answer-${this.files++}.p7`);
        writeFileSync(file, Buffer.from(body, "base64"));
        const text = await openssl("pkcs7", "-inform", "DER", "-in", file, "-print_certs");
        return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
    }

    /** The one leaf of an answer, verified by OpenSSL as a client's below the stack's root. */
    async leaf(reply: Reply): Promise<string> {
        assert.equal(reply.status, 200, reply.body);
        const found = await this.certificatesIn(reply);
        assert.equal(found.length, 1);
        const [file, root, chain] = ["leaf", "root", "chain"].map((one) =>
            this.deployment.project.file(`${one}-${this.files++}.pem`),
        );
        writeFileSync(file, found[0]);
        writeFileSync(root, await this.deployment.rootCertificate());
        writeFileSync(chain, this.pumps.certificate);
        const options = ["-x509_strict", "-purpose", "sslclient", "-CAfile", root];
        await openssl("verify", ...options, "-untrusted", chain, file);
        return found[0];
    }

    async connection(id: string, certificate: string, keyFile: string) {
        return {
            connectionString: `HostName=iot-${this.name}.azure-devices.net;DeviceId=${id};x509=true`,
            chain: `${certificate}${this.pumps.certificate}`,
            privateKey: readFileSync(keyFile, "utf8"),
        };
    }

    issuedLines(): { device: string; by: string; thumbprint: string }[] {
        return readFileSync(this.audit(), "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as { device: string; by: string; thumbprint: string });
    }
}

async function openssl(...args: string[]): Promise<string> {
    return (await run("openssl", args)).stdout;
}
