import { constants } from "crypto";
import * as http from "http";
import * as https from "https";
import type { AddressInfo } from "net";
import type { TLSSocket } from "tls";
import { EstAnswer, EstService } from "./service";
import type { Metrics } from "./metrics";
import { Refusal } from "./refusal";
import { RequestRate } from "./requestRate";

/** A request of an RSA-4096 key takes 2.3 KB in base64. */
const largestBody = 16 * 1024;
/** Of a refused body, so much is still taken and thrown away. */
const mostDiscarded = 256 * 1024;
const discardMilliseconds = 1_000;
const handshakeMilliseconds = 10_000;
const requestMilliseconds = 15_000;
const mostConnections = 2_000;
/** Requests of one address in a minute: devices may share one behind a gateway. */
const perAddress = 1_200;

/** RFC 7030, 3.2.2; strongSwan knows no label and writes a path of its address in front, but not when it asks again. */
const paths = [
    /^\/\.well-known\/est\/(?<label>[A-Za-z0-9._-]{1,64})\/(?<operation>[a-z]{1,32})$/,
    /^\/(?<label>[A-Za-z0-9_-][A-Za-z0-9._-]{0,63})\/\.well-known\/est\/(?<operation>[a-z]{1,32})$/,
    /^\/\.well-known\/est\/(?<operation>simpleenroll|simplereenroll)$/,
];

/** Certificate and key of the server, PEM. */
export interface ServerIdentity {
    readonly cert: string;
    readonly key: string;
}

export interface ServerOptions {
    readonly service: EstService;
    readonly metrics: Metrics;
    readonly identity: ServerIdentity;
    /** Receives one object for each refusal and error. */
    readonly log: (entry: Readonly<Record<string, unknown>>) => void;
    /** Requests of one address in a minute; default 1,200. */
    readonly perAddress?: number;
}

/** RFC 7030 over TLS 1.2 and 1.3, which ends here: a proxy would not pass on what the client's certificate proves. */
export class EstServer {
    private readonly server: https.Server;
    private readonly rate: RequestRate;

    constructor(private readonly options: ServerOptions) {
        this.rate = new RequestRate(options.perAddress ?? perAddress);
        this.server = https.createServer(
            {
                ...options.identity,
                minVersion: "TLSv1.2",
                // Without `ca`, the CertificateRequest names no CA: Go's clients keep a certificate of any other to themselves.
                // The certificate is asked for and not judged here, because each refusal has a reason of its own.
                requestCert: true,
                rejectUnauthorized: false,
                // A resumed session has no client certificate.
                secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
                sessionTimeout: 1,
                handshakeTimeout: handshakeMilliseconds,
                ALPNProtocols: ["http/1.1"],
                maxHeaderSize: 8 * 1024,
                requestTimeout: requestMilliseconds,
                headersTimeout: requestMilliseconds,
                connectionsCheckingInterval: 1_000,
                keepAliveTimeout: 5_000,
            },
            (request, reply) => void this.serve(request, reply),
        );
        this.server.maxConnections = mostConnections;
        this.server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
            options.log({ event: "handshakeFailed", cause: error.message });
            socket.destroy();
        });
    }

    /** @returns the port */
    async listen(host: string, port: number): Promise<number> {
        await new Promise<void>((resolve, reject) => {
            this.server.once("error", reject);
            this.server.listen(port, host, resolve);
        });
        return (this.server.address() as AddressInfo).port;
    }

    /** New connections get the new certificate. */
    replaceIdentity(identity: ServerIdentity): void {
        this.server.setSecureContext({ ...identity, minVersion: "TLSv1.2" });
    }

    /** Takes no new connections, and ends when the requests that are there have their answers. */
    async close(): Promise<void> {
        const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
        this.server.closeIdleConnections();
        await closed;
    }

    private async serve(request: http.IncomingMessage, reply: http.ServerResponse): Promise<void> {
        const started = process.hrtime.bigint();
        try {
            this.answer(reply, 200, await this.dispatch(request));
        } catch (error) {
            this.refuse(request, reply, error as Error);
        } finally {
            this.options.metrics.countSeconds(Number(process.hrtime.bigint() - started) / 1e9);
        }
    }

    private async dispatch(request: http.IncomingMessage): Promise<EstAnswer> {
        const { service } = this.options;
        const wait = this.rate.take(request.socket.remoteAddress ?? "", Date.now());
        if (wait > 0) {
            throw new Refusal("tooMany", "too many requests of this address", wait);
        }
        const [path] = (request.url ?? "").split("?");
        const { label, operation } = paths.map((one) => one.exec(path)?.groups).find(Boolean) ?? {};
        switch (operation) {
            case "cacerts":
                wantMethod(request, "GET");
                return service.caCertificates(label ?? "");
            case "csrattrs":
                wantMethod(request, "GET");
                return service.csrAttributes(label ?? "");
            case "simpleenroll":
            case "simplereenroll":
                wantMethod(request, "POST");
                wantType(request);
                return service.enroll({
                    group: label,
                    // Before the body is awaited: afterwards the client may be gone.
                    certificate: peerCertificate(request.socket as TLSSocket),
                    authorization: request.headers.authorization,
                    body: await readBody(request),
                });
            default:
                throw new Refusal(
                    "unknownPath",
                    `${path.slice(0, 120)} is no path of this service`,
                );
        }
    }

    /**
     * The names of the headers in exactly this form (libest compares letter by letter), and first: strongSwan reads the first
     * 1,024 bytes.
     */
    private answer(reply: http.ServerResponse, status: number, { type, body }: EstAnswer): void {
        reply.writeHead(status, {
            "Content-Type": type,
            "Content-Length": Buffer.byteLength(body),
            "Content-Transfer-Encoding": "base64",
        });
        reply.end(body);
    }

    private refuse(request: http.IncomingMessage, reply: http.ServerResponse, error: Error): void {
        const { log, metrics } = this.options;
        const refusal =
            error instanceof Refusal ? error : new Refusal("failed", error.stack ?? error.message);
        const { reason, status, retryAfter, message } = refusal;
        metrics.countRefused(reason);
        log({
            event: "refused",
            reason,
            status,
            path: (request.url ?? "").slice(0, 120),
            address: request.socket.remoteAddress ?? null,
            cause: message,
        });
        if (reply.headersSent || reply.destroyed) {
            reply.destroy();
            return;
        }
        const text = `${reason}\n`;
        reply.writeHead(status, {
            "Content-Type": "text/plain",
            "Content-Length": Buffer.byteLength(text),
            ...(status === 401 ? { "WWW-Authenticate": 'Basic realm="est"' } : {}),
            ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
            ...(request.complete ? {} : { Connection: "close" }),
        });
        if (request.complete) {
            reply.end(text);
            return;
        }
        // Closing with unread data resets the connection, and the client might not see the answer.
        reply.write(text);
        discardRest(request, () => reply.end());
    }
}

function wantMethod({ method }: http.IncomingMessage, wanted: string): void {
    if (method !== wanted) {
        throw new Refusal("wrongMethod", `${method} in place of ${wanted}`);
    }
}

/** Parameters are allowed, and some clients send none at all. */
function wantType({ headers }: http.IncomingMessage): void {
    const type = (headers["content-type"] ?? "application/pkcs10").split(";")[0].trim();
    if (type.toLowerCase() !== "application/pkcs10") {
        throw new Refusal("wrongType", `${type.slice(0, 60)} in place of application/pkcs10`);
    }
}

function peerCertificate(socket: TLSSocket): Buffer | undefined {
    const { raw } = socket.getPeerCertificate(false) as { raw?: Buffer };
    return raw;
}

/** By events: leaving a loop over the stream would close the connection before the refusal is sent. */
function readBody(request: http.IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        const refuse = (): void => {
            request.removeAllListeners("data");
            request.pause();
            reject(new Refusal("tooLarge", `more than ${largestBody} bytes`));
        };
        if (Number(request.headers["content-length"] ?? 0) > largestBody) {
            refuse();
            return;
        }
        request.on("data", (part: Buffer) => {
            bytes += part.length;
            if (bytes > largestBody) {
                refuse();
            } else {
                parts.push(part);
            }
        });
        request.once("end", () => resolve(Buffer.concat(parts)));
        request.once("error", () => reject(new Refusal("tooSlow", "the body did not arrive")));
        request.once("close", () => reject(new Refusal("tooSlow", "the body did not arrive")));
    });
}

/** Throws away what is still to come, within limits, and then calls back once. */
function discardRest(request: http.IncomingMessage, done: () => void): void {
    let left = mostDiscarded;
    let isDone = false;
    const finish = (): void => {
        clearTimeout(timer);
        if (!isDone) {
            isDone = true;
            done();
        }
    };
    const timer = setTimeout(finish, discardMilliseconds);
    request.on("data", (part: Buffer) => {
        left -= part.length;
        if (left < 0) {
            finish();
        }
    });
    request.once("end", finish);
    request.once("close", finish);
    request.resume();
}
