import { AzureRequest, AzureResponse, AzureTransport } from "../azure/transport";
import { isObject, Value, Values } from "../frame/values";
import { remedyFor } from "./remedies";

/** An error from ARM, worded as by the official provider, but without raw JSON and with a remedy if one is known. */
export class ArmError extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        detail: string,
    ) {
        super(
            `Status=${status} ${code === "" ? "" : `Code="${code}" `}Message="${detail}"` +
                remedyFor(status, code, detail),
        );
    }
}

/** The resource partly exists: ARM accepted the request, then the operation failed. */
export class StartedError extends Error {}

export interface ArmClientOptions {
    /** E.g. `https://management.azure.com`. */
    readonly endpoint: string;
    /** Waits; rejects when the signal aborts. */
    readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** What IoT Hub appends to a message: correlation ID, time, and its own code, which people search for. */
const supportRequest = / If you contact a support representative(?:.*errorcode: (\w+))?.*$/s;

/** Statuses that the Azure SDK for Go retries (`sdk/azcore/runtime/policy_retry.go`). */
const repeatable = new Set([408, 429, 500, 502, 503, 504]);
const tries = 4;
/** In milliseconds. The official provider starts at 20 s, up to 120 s. A longer Retry-After is not waited for. */
const firstDelay = 1_000;
const longestDelay = 120_000;
/** In milliseconds. The official provider uses 10 s for a PUT, 30 s for a DELETE; an emulator finishes sooner. */
const pollDelay = 500;

/** Calls Azure Resource Manager as the official provider does: never with `If-Match`. */
export class ArmClient {
    constructor(
        private readonly transport: AzureTransport,
        private readonly options: ArmClientOptions,
    ) {}

    /** @throws ArmError, with status 404 when the resource does not exist */
    async get(id: string, apiVersion: string, signal: AbortSignal): Promise<Values> {
        const response = await this.send({ method: "GET", url: this.url(id, apiVersion) }, signal);
        return jsonObject(expect(response, 200));
    }

    /** Rejects when the resource already exists: a create must not take over an existing one. */
    async canCreate(id: string, apiVersion: string, signal: AbortSignal): Promise<void> {
        const response = await this.send({ method: "GET", url: this.url(id, apiVersion) }, signal);
        if (response.status === 404 || response.status === 204) {
            return;
        }
        if (response.status !== 200) {
            throw new Error(
                `cannot check existence of resource '${id}': status code ${response.status}, ${response.body}`,
            );
        }
        const found = parse(response.body);
        if (isObject(found) && Object.keys(found).length > 0) {
            throw new Error(`cannot create already existing resource '${id}'`);
        }
    }

    /**
     * @returns the reply to the last step, which contains the canonical ID
     * @throws ArmError when ARM refused the request, StartedError when it accepted the request and failed later
     */
    async put(
        id: string,
        apiVersion: string,
        body: Values,
        longRunning: boolean,
        signal: AbortSignal,
    ): Promise<Values> {
        const url = this.url(id, apiVersion);
        const first = expect(
            await this.send({ method: "PUT", url, body: JSON.stringify(body) }, signal),
            200,
            201,
            202,
        );
        if (!longRunning && first.status !== 202) {
            return jsonObject(first);
        }
        try {
            const last = await this.finish(first, url, signal);
            const answer = parse(last?.body ?? "");
            return isObject(answer) ? answer : {};
        } catch (error) {
            throw new StartedError((error as Error).message);
        }
    }

    async post(id: string, apiVersion: string, body: Values, signal: AbortSignal): Promise<Values> {
        const response = await this.send(
            { method: "POST", url: this.url(id, apiVersion), body: JSON.stringify(body) },
            signal,
        );
        return jsonObject(expect(response, 200, 201));
    }

    /** A resource that no longer exists counts as deleted. */
    async delete(
        id: string,
        apiVersion: string,
        longRunning: boolean,
        signal: AbortSignal,
    ): Promise<void> {
        const url = this.url(id, apiVersion);
        try {
            const response = expect(
                await this.send({ method: "DELETE", url }, signal),
                200,
                202,
                204,
            );
            if (longRunning) {
                await this.finish(response, undefined, signal);
            }
        } catch (error) {
            if (!(error instanceof ArmError && error.status === 404)) {
                throw error;
            }
        }
    }

    private url(id: string, apiVersion: string): string {
        return `${this.options.endpoint}/${id.replace(/^\/+/, "")}?api-version=${encodeURIComponent(apiVersion)}`;
    }

    /**
     * Follows an operation to its end: `Azure-AsyncOperation`, else `Location`, else the resource's own provisioning
     * state (Azure RPC, "async-api-reference").
     *
     * @param resource URL of the resource that a PUT creates
     */
    private async finish(
        first: AzureResponse,
        resource: string | undefined,
        signal: AbortSignal,
    ): Promise<AzureResponse | undefined> {
        const status = first.headers["azure-asyncoperation"];
        const location = first.headers["location"];
        if (status !== undefined) {
            await this.pollStatus(this.absolute(status), first, signal);
            return resource === undefined
                ? undefined
                : expect(await this.send({ method: "GET", url: resource }, signal), 200);
        }
        if (location !== undefined && first.status !== 200) {
            return this.pollLocation(this.absolute(location), first, signal);
        }
        return resource === undefined ? first : this.pollResource(resource, first, signal);
    }

    private async pollStatus(
        url: string,
        first: AzureResponse,
        signal: AbortSignal,
    ): Promise<void> {
        for (let previous = first; ;) {
            await this.options.wait(retryAfter(previous) ?? pollDelay, signal);
            previous = expect(await this.send({ method: "GET", url }, signal), 200, 201, 202, 204);
            const answer = parse(previous.body);
            const status = String(isObject(answer) ? answer["status"] : "").toLowerCase();
            if (status === "succeeded") {
                return;
            }
            if (status === "failed" || status === "canceled") {
                throw refusal(previous);
            }
        }
    }

    private async pollLocation(
        url: string,
        first: AzureResponse,
        signal: AbortSignal,
    ): Promise<AzureResponse> {
        for (let previous = first, next = url; ;) {
            await this.options.wait(retryAfter(previous) ?? pollDelay, signal);
            previous = expect(
                await this.send({ method: "GET", url: next }, signal),
                200,
                201,
                202,
                204,
            );
            if (previous.status !== 202) {
                return previous;
            }
            next = this.absolute(previous.headers["location"] ?? next);
        }
    }

    private async pollResource(
        url: string,
        first: AzureResponse,
        signal: AbortSignal,
    ): Promise<AzureResponse> {
        for (let previous = first; ;) {
            const state = provisioningState(previous);
            if (state === "failed" || state === "canceled") {
                throw refusal(previous);
            }
            if (state === "succeeded" || state === "") {
                return previous;
            }
            await this.options.wait(retryAfter(previous) ?? pollDelay, signal);
            previous = expect(await this.send({ method: "GET", url }, signal), 200);
        }
    }

    private absolute(url: string): string {
        return new URL(url, this.options.endpoint).toString();
    }

    private async send(request: AzureRequest, signal: AbortSignal): Promise<AzureResponse> {
        for (let attempt = 1; ; attempt++) {
            const last = attempt === tries;
            let delay = Math.min(firstDelay * (2 ** attempt - 1), longestDelay);
            try {
                const response = await this.transport.send(request, signal);
                const asked = retryAfter(response);
                if (last || !mayRepeat(response) || (asked ?? 0) > longestDelay) {
                    return response;
                }
                delay = asked ?? delay;
            } catch (error) {
                if (last || signal.aborted || isRefusedCredential(error)) {
                    throw error;
                }
            }
            await this.options.wait(delay, signal);
        }
    }
}

/** A wrong secret stays wrong, so it is not retried: `@azure/identity` uses these error names. */
const isRefusedCredential = (error: unknown): boolean =>
    error instanceof Error && /^(Authentication|CredentialUnavailable)/.test(error.name);

function mayRepeat(response: AzureResponse): boolean {
    return (
        repeatable.has(response.status) ||
        (response.status === 409 && errorCode(response) === "AnotherOperationInProgress")
    );
}

/** The delay that the reply asks for, in milliseconds, from seconds or an HTTP date (RFC 9110, section 10.2.3). */
function retryAfter(response: AzureResponse): number | undefined {
    const asked = response.headers["retry-after"];
    if (asked === undefined) {
        return undefined;
    }
    const seconds = Number(asked);
    const milliseconds = Number.isNaN(seconds) ? Date.parse(asked) - Date.now() : seconds * 1_000;
    return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

function expect(response: AzureResponse, ...statuses: number[]): AzureResponse {
    if (!statuses.includes(response.status)) {
        throw refusal(response);
    }
    return response;
}

/** Bodies are `{error: {code, message}}` from ARM, `{code, message}` or `{Message}` from the IoT resource providers. */
function refusal(response: AzureResponse): ArmError {
    const answer = parse(response.body);
    const holder = isObject(answer) && isObject(answer["error"]) ? answer["error"] : answer;
    const message = isObject(holder) ? (holder["message"] ?? holder["Message"]) : undefined;
    const detail =
        typeof message === "string"
            ? message.replace(supportRequest, (_, code?: string) =>
                  code ? ` errorcode: ${code}.` : "",
              )
            : isObject(answer)
              ? "no reason given"
              : response.body || "no reason given";
    return new ArmError(response.status, errorCode(response), detail);
}

function errorCode(response: AzureResponse): string {
    const answer = parse(response.body);
    const holder = isObject(answer) && isObject(answer["error"]) ? answer["error"] : answer;
    const code = isObject(holder) ? holder["code"] : undefined;
    const given = typeof code === "string" || typeof code === "number" ? String(code) : "";
    return response.headers["x-ms-error-code"] ?? given;
}

function provisioningState(response: AzureResponse): string {
    const answer = parse(response.body);
    const properties = isObject(answer) ? answer["properties"] : undefined;
    const state = isObject(properties) ? properties["provisioningState"] : undefined;
    return typeof state === "string" ? state.toLowerCase() : "";
}

function jsonObject(response: AzureResponse): Values {
    const answer = parse(response.body);
    if (!isObject(answer)) {
        throw new Error(
            `unexpected response from Azure: '${response.body}', HTTP status: ${response.status}`,
        );
    }
    return answer;
}

function parse(text: string): Value {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
