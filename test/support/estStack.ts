import { strict as assert } from "assert";
import { execFile } from "child_process";
import { readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { promisify } from "util";
import { Deployment } from "./deployment";
import { curl, EstProcess, Reply } from "./estService";
import { issue, Issued, makeCa } from "./pki";

const run = promisify(execFile);
const day = 24 * 3600 * 1000;

/** A client certificate with its key, as files. */
export interface Client {
    readonly certificate: string;
    readonly key: string;
    readonly pem: string;
}

/** A stack with an EST service, and the requests of clients that nobody here wrote. */
export class EstStack {
    deployment!: Deployment;
    service!: EstProcess;
    /** File of the CA that signed the service's own certificate. */
    serverCa!: string;
    /** The service's own certificate. */
    private own!: Pick<Client, "certificate" | "key">;
    protected files = 0;

    /** Makes the service's own certificate, and starts the first instance. */
    async serve(): Promise<void> {
        const server = await makeCa({ commonName: "EST server CA" });
        this.serverCa = this.deployment.project.file("server-ca.pem");
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
    start(more: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<EstProcess> {
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
                ...args,
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

    async enroll(
        label: string | undefined,
        body: string,
        by?: Client,
        ...more: string[]
    ): Promise<Reply> {
        return curl(
            this.serverCa,
            `${this.service.address}/.well-known/est/${label === undefined ? "" : `${label}/`}simpleenroll`,
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

    issuedLines(): { device: string; by: string; thumbprint: string }[] {
        return readFileSync(this.audit(), "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as { device: string; by: string; thumbprint: string });
    }
}

/** Runs one command of OpenSSL. @returns what it printed */
export async function openssl(...args: string[]): Promise<string> {
    return (await run("openssl", args)).stdout;
}
