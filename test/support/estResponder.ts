import { execFile } from "child_process";
import { promises as fs } from "fs";
import * as http from "http";
import * as https from "https";
import type { AddressInfo } from "net";
import { tmpdir } from "os";
import * as path from "path";
import type { TLSSocket } from "tls";
import { promisify } from "util";
import type { Issued } from "./pki";

const run = promisify(execFile);

/** What a client asked. */
export interface EstAsked {
    readonly path: string;
    /** SHA-256 of the client's certificate, with colons; undefined: it sent none. */
    readonly fingerprint: string | undefined;
    readonly authorization: string | undefined;
    /** Subject of the request, as OpenSSL prints it; undefined for GET. */
    readonly subject: string | undefined;
    /** Public key of the request, PEM. */
    readonly publicKey: string | undefined;
}

/** An answer in place of the usual one. */
export interface EstAnswer {
    readonly status: number;
    readonly headers?: http.OutgoingHttpHeaders;
    readonly body?: string;
}

/**
 * An EST service (RFC 7030) of a few lines on Node's https server: OpenSSL verifies the request, signs it and writes the
 * PKCS#7. It gives a certificate to whoever asks.
 */
export class EstResponder {
    readonly asked: EstAsked[] = [];
    /** Answers to the next enrolments. */
    readonly instead: EstAnswer[] = [];
    /** PEM of the CA of its own certificate. */
    readonly caFile: string;
    private server: https.Server | undefined;
    private port = 0;

    private constructor(
        private readonly folder: string,
        /** Signs the devices' certificates. */
        public issuer: Issued,
        private readonly root: Issued,
    ) {
        this.caFile = path.join(folder, "host-ca.pem");
    }

    /** @param hostCa signs the responder's own certificate */
    static async start(issuer: Issued, root: Issued, hostCa: Issued): Promise<EstResponder> {
        const folder = await fs.mkdtemp(path.join(tmpdir(), "iot-x509-est-"));
        const responder = new EstResponder(folder, issuer, root);
        await fs.writeFile(responder.caFile, hostCa.certificate);
        await responder.write("host-ca.key", hostCa.key);
        await responder.openssl(
            ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            ...["-keyout", "host.key", "-out", "host.pem", "-days", "10", "-subj", "/CN=localhost"],
            ...["-CA", "host-ca.pem", "-CAkey", "host-ca.key"],
            ...["-addext", "subjectAltName=DNS:localhost"],
            ...["-addext", "basicConstraints=critical,CA:FALSE"],
        );
        await responder.open();
        return responder;
    }

    get url(): string {
        return `https://localhost:${this.port}`;
    }

    /** Listens, again on the port that it had. */
    async open(): Promise<void> {
        const server = https.createServer(
            {
                cert: await fs.readFile(path.join(this.folder, "host.pem")),
                key: await fs.readFile(path.join(this.folder, "host.key")),
                requestCert: true,
                rejectUnauthorized: false,
            },
            (request, reply) => {
                this.answer(request, reply).catch((error: Error) => {
                    reply.writeHead(500);
                    reply.end(error.message);
                });
            },
        );
        await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
        this.port = (server.address() as AddressInfo).port;
        this.server = server;
    }

    /** Nothing listens until {@link open}. */
    async close(): Promise<void> {
        await new Promise((resolve) => this.server?.close(resolve));
    }

    async remove(): Promise<void> {
        await this.close();
        await fs.rm(this.folder, { recursive: true, force: true });
    }

    /** Enrolments alone. */
    get enrolments(): EstAsked[] {
        return this.asked.filter(({ path: asked }) => /enroll$/.test(asked));
    }

    private async answer(request: http.IncomingMessage, reply: http.ServerResponse) {
        const certificate = (request.socket as TLSSocket).getPeerCertificate() as {
            fingerprint256?: string;
        };
        const parts: Buffer[] = [];
        request.on("data", (part: Buffer) => parts.push(part));
        await new Promise((resolve) => request.once("end", resolve));
        const isEnrolment = request.method === "POST";
        if (isEnrolment) {
            const der = Buffer.from(Buffer.concat(parts).toString("latin1"), "base64");
            await fs.writeFile(path.join(this.folder, "request.der"), der);
        }
        const read = (what: string) =>
            this.openssl("req", "-inform", "DER", "-in", "request.der", "-verify", "-noout", what);
        this.asked.push({
            path: request.url ?? "",
            fingerprint: certificate.fingerprint256,
            authorization: request.headers.authorization,
            subject: isEnrolment ? (await read("-subject")).trim() : undefined,
            publicKey: isEnrolment ? await read("-pubkey") : undefined,
        });
        const other = isEnrolment ? this.instead.shift() : undefined;
        if (other !== undefined) {
            reply.writeHead(other.status, other.headers);
            reply.end(other.body);
            return;
        }
        const body = isEnrolment ? await this.issue() : await this.authorities();
        reply.writeHead(200, {
            "Content-Type": "application/pkcs7-mime",
            "Content-Length": Buffer.byteLength(body),
        });
        reply.end(body);
    }

    private async issue(): Promise<string> {
        await this.write("issuer.pem", this.issuer.certificate);
        await this.write("issuer.key", this.issuer.key);
        await this.write("extensions", "extendedKeyUsage=clientAuth\n");
        await this.openssl(
            ...["x509", "-req", "-inform", "DER", "-in", "request.der", "-days", "20"],
            ...["-CA", "issuer.pem", "-CAkey", "issuer.key", "-CAcreateserial", "-sha256"],
            ...["-extfile", "extensions", "-out", "leaf.pem"],
        );
        return this.certsOnly("leaf.pem");
    }

    private async authorities(): Promise<string> {
        await this.write("issuer.pem", this.issuer.certificate);
        await this.write("root.pem", this.root.certificate);
        return this.certsOnly("issuer.pem", "root.pem");
    }

    private async certsOnly(...files: string[]): Promise<string> {
        const args = files.flatMap((file) => ["-certfile", file]);
        await this.openssl("crl2pkcs7", "-nocrl", ...args, "-outform", "DER", "-out", "answer.p7");
        return (await fs.readFile(path.join(this.folder, "answer.p7"))).toString("base64");
    }

    private write(name: string, text: string): Promise<void> {
        return fs.writeFile(path.join(this.folder, name), text, { mode: 0o600 });
    }

    private async openssl(...args: string[]): Promise<string> {
        return (await run("openssl", args, { cwd: this.folder })).stdout;
    }
}
