import type { TokenCredential } from "@azure/identity";

export interface AzureRequest {
    readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
    readonly url: string;
    /** JSON text. */
    readonly body?: string;
}

export interface AzureResponse {
    readonly status: number;
    /** Lower-case names. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
}

/** Sends one request with the account's token; rejects when there is no reply. */
export interface AzureTransport {
    send(request: AzureRequest, signal: AbortSignal): Promise<AzureResponse>;
}

/** The official provider's product and version, marked as the stand-in. */
const userAgent = (plugin: string, version: string): string =>
    `pulumi-${plugin}/${version} (emulator stand-in)`;

/**
 * Talks to Azure over HTTPS through the environment's proxy. Headers are the official provider's: Accept, User-Agent,
 * Content-Type if there is a body, and the token.
 */
export async function azureTransport(
    credential: TokenCredential,
    scope: string,
    plugin: string,
    version: string,
): Promise<AzureTransport> {
    const http = await import("@azure/core-rest-pipeline");
    const pipeline = http.createEmptyPipeline();
    pipeline.addPolicy(http.proxyPolicy());
    pipeline.addPolicy(http.bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
    const client = http.createDefaultHttpClient();
    return {
        async send({ method, url, body }, signal) {
            const headers = http.createHttpHeaders({
                Accept: "application/json",
                "User-Agent": userAgent(plugin, version),
                ...(body === undefined
                    ? {}
                    : { "Content-Type": "application/json; charset=utf-8" }),
            });
            const response = await pipeline.sendRequest(
                client,
                http.createPipelineRequest({ method, url, body, headers, abortSignal: signal }),
            );
            return {
                status: response.status,
                headers: response.headers.toJSON(),
                body: response.bodyAsText ?? "",
            };
        },
    };
}
