import type { TokenCredential } from "@azure/identity";
import {
    bearerTokenAuthenticationPolicy,
    createDefaultHttpClient,
    createHttpHeaders,
    createPipelineFromOptions,
    createPipelineRequest,
    defaultRetryPolicy,
    HttpMethods,
    Pipeline,
    PipelinePolicy,
    PipelineRequest,
    PipelineResponse,
    retryPolicy,
    RetryStrategy,
} from "@azure/core-rest-pipeline";
import { causeAndRemedy } from "./errorWords";

/** One request to an Azure service. */
export interface AzureRequest {
    readonly method: HttpMethods;
    readonly url: string;
    /** Sent as JSON. */
    readonly body?: unknown;
    /** Sent unchanged as `If-Match`. */
    readonly ifMatch?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Statuses that are returned, not thrown. */
    readonly expect: readonly number[];
    /** Statuses that are thrown without retrying, because the caller has its own retry rule. */
    readonly notRetried?: readonly number[];
}

export interface AzureAnswer {
    readonly status: number;
    /** Parsed JSON; undefined if the body was empty. */
    readonly body: unknown;
    readonly headers: Readonly<Record<string, string>>;
}

/** An unexpected status. The message names method, path, status and the service's code, and never contains a token. */
export class AzureError extends Error {
    constructor(
        readonly status: number,
        readonly code: string | undefined,
        message: string,
        /** The wait that the service asked for, in milliseconds. */
        readonly retryAfter?: number,
    ) {
        super(message);
    }
}

const firstDelay = 500;
const longestDelay = 30_000;
const attempts = 6;
/** Keeps a server that accepts the connection but never answers from blocking a deployment forever. */
const answerMilliseconds = 120_000;

/**
 * Sends requests with a bearer token. Retries 408, 429, 5xx and broken connections after `Retry-After`, or else with
 * exponential back-off and jitter. Honours HTTPS_PROXY.
 */
export class AzureClient {
    private readonly http = createDefaultHttpClient();
    private readonly pipeline: Pipeline;
    private readonly notRetried = new WeakMap<PipelineRequest, readonly number[]>();

    private readonly patience: RetryStrategy = {
        name: "patience",
        retry: ({ retryCount, response, responseError }) => {
            if (!isNetworkError(response, responseError) && !this.isTransient(response)) {
                return { skipStrategy: true };
            }
            const backoff = Math.min(longestDelay, firstDelay * 2 ** retryCount);
            const jittered = backoff / 2 + (Math.random() * backoff) / 2;
            return { retryAfterInMs: retryAfter(response) ?? jittered };
        },
    };

    constructor(credential: TokenCredential, scope: string) {
        this.pipeline = createPipelineFromOptions({
            userAgentOptions: { userAgentPrefix: "iot-x509" },
        });
        this.pipeline.removePolicy({ name: defaultRetryPolicy().name });
        this.pipeline.addPolicy(retryPolicy([this.patience], { maxRetries: attempts }), {
            phase: "Retry",
        });
        this.pipeline.addPolicy(answerDeadline, { afterPhase: "Retry" });
        this.pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
    }

    /** @throws AzureError for a status that is not in `expect`; Error if there was no response. */
    async send(request: AzureRequest): Promise<AzureAnswer> {
        const headers = createHttpHeaders({ accept: "application/json", ...request.headers });
        if (request.body !== undefined) {
            headers.set("content-type", "application/json");
        }
        if (request.ifMatch !== undefined) {
            headers.set("if-match", request.ifMatch);
        }
        const sent = createPipelineRequest({
            method: request.method,
            url: request.url,
            headers,
            body: request.body === undefined ? undefined : JSON.stringify(request.body),
        });
        this.notRetried.set(sent, request.notRetried ?? []);
        let response: PipelineResponse;
        try {
            response = await this.pipeline.sendRequest(this.http, sent);
        } catch (error) {
            throw unanswered(request, error as Error & { code?: string });
        }
        if (!request.expect.includes(response.status)) {
            throw azureError(request, response);
        }
        return {
            status: response.status,
            body: parsed(response.bodyAsText),
            headers: response.headers.toJSON(),
        };
    }

    private isTransient(response: PipelineResponse | undefined): boolean {
        if (response === undefined) {
            return false;
        }
        const { status, request } = response;
        return (
            (status === 408 || status === 429 || status >= 500) &&
            status !== 501 &&
            status !== 505 &&
            !this.notRetried.get(request)?.includes(status)
        );
    }
}

/**
 * Ends an attempt that gets no answer. The pipeline's own `timeout` leaves its timer running after a broken connection, and
 * that keeps a process from ending.
 */
const answerDeadline: PipelinePolicy = {
    name: "answerDeadline",
    sendRequest: async (request, next) => {
        request.abortSignal = AbortSignal.timeout(answerMilliseconds);
        try {
            return await next(request);
        } finally {
            // The pause before the next attempt may last longer.
            request.abortSignal = undefined;
        }
    },
};

/**
 * The wait that the response asks for, in milliseconds; undefined if there is none or it is a date. A hub's 429 has no
 * `Retry-After` but a message: "The request has been throttled. Wait 10 seconds and try again."
 */
function retryAfter(response: PipelineResponse | undefined): number | undefined {
    const inWords =
        response?.status === 429
            ? /\bwait (\d+) seconds?\b/i.exec(response.bodyAsText ?? "")?.[1]
            : undefined;
    const seconds = Number(response?.headers.get("retry-after") ?? inWords ?? NaN);
    return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function isNetworkError(
    response: PipelineResponse | undefined,
    error: { code?: string } | undefined,
): boolean {
    const codes = ["REQUEST_SEND_ERROR", "ECONNRESET", "ETIMEDOUT", "ECONNREFUSED", "EPIPE"];
    return response === undefined && error !== undefined && codes.includes(error.code ?? "");
}

function parsed(text: string | null | undefined): unknown {
    if (text === null || text === undefined || text === "") {
        return undefined;
    }
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

/** The error, of one sentence, if sign-in or connection failed after all retries. */
function unanswered(request: AzureRequest, error: Error & { code?: string }): Error {
    const { host } = new URL(request.url);
    const said = `${error.name} ${error.code ?? ""} ${error.message}`;
    return new Error(`${host}: ${causeAndRemedy(said) ?? error.message}`);
}

function azureError(request: AzureRequest, response: PipelineResponse): AzureError {
    const url = new URL(request.url);
    const { code, text } = serviceError(
        parsed(response.bodyAsText),
        response.headers.get("iothub-errorcode"),
    );
    return new AzureError(
        response.status,
        code,
        `${request.method} ${url.host}${url.pathname} answered ${response.status}` +
            `${code === undefined ? "" : ` ${code}`}${text === "" ? "" : `: ${text}`}` +
            remedy(response.status, code ?? ""),
        retryAfter(response),
    );
}

/** Follows the service's own message. */
function remedy(status: number, code: string): string {
    const known =
        status === 429
            ? "the service still throttles requests after several retries: run this again later, or give the hub more units"
            : causeAndRemedy(code);
    return known === undefined ? "" : ` — ${known}`;
}

/** Azure's error envelopes: ARM's, the hubs' two, and DPS's. */
function serviceError(
    body: unknown,
    header: string | undefined,
): { code: string | undefined; text: string } {
    const outer = (typeof body === "object" && body !== null ? body : {}) as Record<
        string,
        unknown
    >;
    const inner = (outer.error ?? outer) as Record<string, unknown>;
    const text = inner.message ?? inner.Message ?? (typeof body === "string" ? body : "");
    const [, named] = /^ErrorCode:(\w+);/.exec(String(text)) ?? [];
    const code = header ?? inner.code ?? inner.errorCode ?? named;
    return {
        code: code === undefined ? undefined : String(code),
        text: String(text).slice(0, 600),
    };
}
