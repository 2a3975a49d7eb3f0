import { constants, randomUUID } from "crypto";
import * as http from "http";
import * as net from "net";
import { AddressInfo } from "net";
import { Duplex } from "stream";
import * as tls from "tls";
import { azureHost, HostKind } from "../core/clouds";
import { Faults, faultReply } from "../core/faults";
import { errorBody, HostService, HttpFailure, HttpReply, HttpRequest } from "../core/http";
import { ascii, asciiJson } from "../core/json";
import { Log } from "../core/log";
import { peerCertificates } from "../core/peer";
import { Traffic } from "../core/traffic";
import { Authority } from "./authority";

const devicePorts = new Set(["8883", "5671"]);
const largestBody = 16 * 1024 * 1024;

export interface FrontendOptions {
    readonly authority: Authority;
    readonly services: Readonly<Record<HostKind, HostService>>;
    readonly faults: Faults;
    readonly traffic: Traffic;
    readonly log: Log;
    /** Accepts a raw socket that a client tunnelled to a hub's MQTT or AMQP port. */
    readonly deviceSocket: (socket: Duplex) => void;
}

/**
 * One port for all of Azure: a TLS connection is served as the host that its SNI names; plain HTTP is a CONNECT proxy
 * that leads Azure hosts back to this port and refuses all others.
 */
export class Frontend {
    private readonly listener = net.createServer((socket) => this.sniff(socket));
    private readonly proxy = http.createServer((_, reply) => {
        reply.writeHead(403, { "content-type": "text/plain" });
        reply.end(
            "This proxy accepts only CONNECT to the Azure hosts that the emulator emulates.\n",
        );
    });
    private readonly https: tls.Server;
    private readonly sockets = new Set<Duplex>();

    constructor(private readonly options: FrontendOptions) {
        const web = http.createServer({ keepAliveTimeout: 60_000 }, (request, reply) => {
            this.serve(request, reply).catch((error: Error) => {
                options.log.warn(`request failed inside the emulator: ${error.stack}`);
                reply.destroy();
            });
        });
        // A client certificate is requested but not required: whether a service needs one, and which it trusts, is
        // decided behind TLS, as in Azure (docs: iot-hub-tls-support).
        this.https = tls.createServer({
            minVersion: "TLSv1.2",
            // Tickets are off: a resumed session has no client certificates.
            secureOptions: constants.SSL_OP_NO_TICKET,
            requestCert: true,
            rejectUnauthorized: false,
            ALPNProtocols: ["http/1.1"],
            SNICallback: (name, done) => {
                options.authority.context(name).then(
                    (context) => done(null, context),
                    (error: Error) => done(error),
                );
            },
        });
        this.https.on("secureConnection", (socket) => web.emit("connection", socket));
        this.https.on("tlsClientError", (error) =>
            options.log.info(`TLS handshake failed: ${error.message}`),
        );
        this.proxy.on("connect", (request, socket: Duplex, head: Buffer) =>
            this.tunnel(request, socket, head),
        );
    }

    async listen(host: string, port: number): Promise<number> {
        await new Promise<void>((resolve, reject) => {
            this.listener.once("error", reject);
            this.listener.listen(port, host, resolve);
        });
        return (this.listener.address() as AddressInfo).port;
    }

    async close(): Promise<void> {
        const closed = new Promise((resolve) => this.listener.close(resolve));
        this.sockets.forEach((socket) => socket.destroy());
        await closed;
    }

    private keep(socket: Duplex): void {
        this.sockets.add(socket);
        socket.once("close", () => this.sockets.delete(socket));
        socket.on("error", () => socket.destroy());
    }

    private sniff(socket: net.Socket): void {
        this.keep(socket);
        socket.setNoDelay(true);
        socket.once("readable", () => {
            const first: Buffer | null = socket.read();
            if (first === null) {
                return;
            }
            socket.unshift(first);
            const isTls = first[0] === 0x16;
            (isTls ? this.https : this.proxy).emit("connection", socket);
        });
    }

    private tunnel(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
        socket.on("error", () => socket.destroy());
        const [host, port] = (request.url ?? "").split(":");
        const isDevicePort = devicePorts.has(port) && azureHost(host) !== undefined;
        if (!isDevicePort && (azureHost(host) === undefined || port !== "443")) {
            const text = `The emulator emulates Azure hosts only and forwards nothing: ${request.url}\n`;
            socket.end(
                `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\n` +
                    `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
            );
            return;
        }
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        if (head.length > 0) {
            socket.unshift(head);
        }
        if (isDevicePort) {
            this.options.deviceSocket(socket);
        } else {
            this.https.emit("connection", socket);
        }
    }

    private async serve(message: http.IncomingMessage, response: http.ServerResponse) {
        const { faults, traffic } = this.options;
        const request = await readRequest(message);
        if (request === undefined) {
            response.writeHead(421).end("Misdirected request: this is not an Azure host.\n");
            return;
        }
        const pathAndQuery = request.url.pathname + request.url.search;
        const fault = faults.strike(request.method, request.host.name, pathAndQuery);
        if (fault?.when !== "after") {
            await sleep(fault?.delayMilliseconds);
            if (fault?.drop) {
                traffic.record(request, "dropped before the effect");
                message.socket.destroy();
                return;
            }
        }
        const reply =
            fault?.status === undefined
                ? await this.answer(request)
                : faultReply(fault, errorBody(`Injected${fault.status}`, "Injected fault."));
        if (fault?.when === "after") {
            await sleep(fault.delayMilliseconds);
            if (fault.drop) {
                traffic.record(request, "dropped after the effect");
                message.socket.destroy();
                return;
            }
        }
        traffic.record(request, reply.status);
        send(request, reply, response);
    }

    private async answer(request: HttpRequest): Promise<HttpReply> {
        try {
            return await this.options.services[request.host.kind].handle(request);
        } catch (error) {
            if (error instanceof HttpFailure) {
                return error.reply;
            }
            throw error;
        }
    }
}

async function readRequest(message: http.IncomingMessage): Promise<HttpRequest | undefined> {
    const socket = message.socket as tls.TLSSocket;
    const authority = message.headers.host ?? (socket.servername || "");
    const host = azureHost(authority.split(":")[0]);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of message) {
        size += (chunk as Buffer).length;
        if (size > largestBody) {
            throw new Error("request body over 16 MiB");
        }
        chunks.push(chunk as Buffer);
    }
    if (host === undefined) {
        return undefined;
    }
    return {
        id: randomUUID(),
        method: message.method ?? "GET",
        host,
        url: new URL(`https://${host.name}${message.url ?? "/"}`),
        headers: message.headers,
        body: Buffer.concat(chunks),
        clientCertificates: peerCertificates(socket),
    };
}

function send(request: HttpRequest, reply: HttpReply, response: http.ServerResponse): void {
    const isRaw = typeof reply.body === "string" || Buffer.isBuffer(reply.body);
    const text =
        reply.body === undefined || isRaw
            ? ((reply.body as string | Buffer | undefined) ?? "")
            : asciiJson(reply.body);
    response.writeHead(reply.status, {
        ...(reply.body === undefined || isRaw
            ? {}
            : { "content-type": "application/json; charset=utf-8" }),
        ...(reply.status === 204 ? {} : { "content-length": String(Buffer.byteLength(text)) }),
        "x-ms-request-id": request.id,
        ...asciiHeaders(reply.headers ?? {}),
    });
    response.end(text);
}

function asciiHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, ascii(value)]));
}

async function sleep(milliseconds: number | undefined): Promise<void> {
    if (milliseconds !== undefined && milliseconds > 0) {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
}
