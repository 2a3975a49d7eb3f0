import * as http from "http";
import { PeerCertificateChain } from "./peer";
import { AzureHost } from "./clouds";

/** A request to an emulated Azure host, with its body read. */
export interface HttpRequest {
    /** GUID, also sent back as `x-ms-request-id`. */
    readonly id: string;
    readonly method: string;
    readonly host: AzureHost;
    /** Absolute URL as the client addressed it, e.g. `https://management.azure.com/subscriptions?api-version=…`. */
    readonly url: URL;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: Buffer;
    /** The TLS certificates that the client sent; empty when none. */
    readonly clientCertificates: PeerCertificateChain;
}

/** An object body is sent as JSON, a string or Buffer unchanged; undefined sends no body. */
export interface HttpReply {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
}

/** A reply that a handler throws when it cannot continue. */
export class HttpFailure extends Error {
    constructor(readonly reply: HttpReply) {
        super(`HTTP ${reply.status}`);
    }
}

/** The service behind one kind of host name. */
export interface HostService {
    handle(request: HttpRequest): Promise<HttpReply>;
}

/**
 * Reads a JSON body.
 *
 * @throws the error that `malformed` makes, when the body is not a JSON object.
 */
export function jsonBody(
    request: HttpRequest,
    malformed: (detail: string) => HttpFailure,
): Record<string, unknown> {
    let parsed: unknown;
    try {
        parsed = request.body.length === 0 ? {} : JSON.parse(request.body.toString("utf8"));
    } catch (error) {
        throw malformed((error as Error).message);
    }
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
        throw malformed("the body must be a JSON object");
    }
    return parsed as Record<string, unknown>;
}

/**
 * The error body of Azure's REST APIs (Microsoft REST API Guidelines, "Errors"); `more` is added beside code and
 * message.
 */
export function errorBody(code: string, message: string, more: object = {}): object {
    return { error: { code, message, ...more } };
}

/** The reply for whatever the emulator does not implement: 501, never a silent success. */
export function notImplemented(request: HttpRequest): HttpReply {
    return notEmulated(`${request.method} ${request.host.name}${request.url.pathname}`);
}

/** The same for one part of a request, e.g. `source X of route 'y'`. */
export function notEmulated(what: string): HttpReply {
    const message = `The local emulator does not implement ${what}. Real Azure may.`;
    return { status: 501, body: errorBody("NotImplementedByEmulator", message) };
}
