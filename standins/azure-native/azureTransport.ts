import type { TokenCredential } from "@azure/identity";
import { ArmTransport } from "./armClient";

/** The official provider's product and version, and that this is not it. */
const userAgent = (version: string): string => `pulumi-azure-native/${version} (emulator stand-in)`;

/**
 * Talks to ARM over HTTPS through the proxy of the environment. Headers are the official
 * provider's: Accept, User-Agent, Content-Type of a body, and the token.
 */
export async function azureTransport(
    credential: TokenCredential,
    scope: string,
    version: string,
): Promise<ArmTransport> {
    const http = await import("@azure/core-rest-pipeline");
    const pipeline = http.createEmptyPipeline();
    pipeline.addPolicy(http.proxyPolicy());
    pipeline.addPolicy(http.bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
    const client = http.createDefaultHttpClient();
    return {
        async send({ method, url, body }, signal) {
            const headers = http.createHttpHeaders({
                Accept: "application/json",
                "User-Agent": userAgent(version),
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
