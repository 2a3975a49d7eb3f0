import * as http from "http";
import { PeerCertificateChain } from "./peer";
import { AzureHost } from "./clouds";

/** One request to an emulated Azure host, its body already read. */
export interface HttpRequest {
    /** GUID, also sent back as `x-ms-request-id`. */
    readonly id: string;
    readonly method: string;
    readonly host: AzureHost;
    /** Absolute URL as the client meant it, e.g. `https://management.azure.com/subscriptions?api-version=…`. */
    readonly url: URL;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: Buffer;
    /** What the client sent as TLS certificates: empty when none. */
    readonly clientCertificates: PeerCertificateChain;
}

/** An object body is sent as JSON; a string or Buffer as it is; undefined sends no body. */
export interface HttpReply {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
}

/** A reply thrown: what a handler that cannot go on raises. */
export class HttpFailure extends Error {
    constructor(readonly reply: HttpReply) {
        super(`HTTP ${reply.status}`);
    }
}

/** All that answers under one kind of host name. */
export interface HostService {
    handle(request: HttpRequest): Promise<HttpReply>;
}

/**
 * Reads a JSON body.
 *
 * @throws whatever `malformed` makes, when the body is not a JSON object.
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

/** The error body of Azure's REST APIs (Microsoft REST API Guidelines, "Errors"); `more` stands beside code and message. */
export function errorBody(code: string, message: string, more: object = {}): object {
    return { error: { code, message, ...more } };
}

/** What the emulator does not implement: a 501, never a silent success. */
export function notImplemented(request: HttpRequest): HttpReply {
    return notEmulated(`${request.method} ${request.host.name}${request.url.pathname}`);
}

/** The same for `what` of a request, e.g. `source X of route 'y'`. */
export function notEmulated(what: string): HttpReply {
    const message = `The local emulator does not implement ${what}. Real Azure may.`;
    return { status: 501, body: errorBody("NotImplementedByEmulator", message) };
}
