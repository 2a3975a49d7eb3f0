import { claimsOf, tokenFor } from "../azure/tokens";
import { outputsOf } from "./convert";
import { Connection } from "./connection";
import { resourceId } from "./resourcePath";
import { functionTypes } from "./resourceTypes";
import { Values } from "../frame/values";

const clientConfig = "azure-native:authorization:getClientConfig";
const clientToken = "azure-native:authorization:getClientToken";

/**
 * Calls a function of the package. As in the official provider, results are not marked as secrets
 * (pulumi-azure-native#1693): programs wrap keys in `pulumi.secret` themselves.
 *
 * @throws for a function that the stand-in does not know
 */
export async function invoke(
    token: string,
    args: Values,
    connection: Connection,
    signal: AbortSignal,
): Promise<Values> {
    if (token === clientConfig) {
        return getClientConfig(connection, signal);
    }
    if (token === clientToken) {
        return getClientToken(args, connection, signal);
    }
    const known = functionTypes[token];
    if (known === undefined) {
        const names = [clientConfig, clientToken, ...Object.keys(functionTypes)];
        throw new Error(
            `Function ${token} is not in the emulator's azure-native stand-in. It supports ` +
                `${names.join(", ")}. A deployment to Azure uses the official plugin.`,
        );
    }
    const id = resourceId(known.template, known.path, args, connection.subscriptionId);
    const { client } = connection;
    try {
        const answer =
            known.method === "GET"
                ? await client.get(id, known.apiVersion, signal)
                : await client.post(id, known.apiVersion, {}, signal);
        return outputsOf(known.answer, answer);
    } catch (error) {
        throw new Error(`request failed ${id}: ${(error as Error).message}`);
    }
}

/** The account that the provider is signed in with, read from its own Microsoft Graph token. */
async function getClientConfig(connection: Connection, signal: AbortSignal): Promise<Values> {
    const { configuration, cloud, credential, subscriptionId } = connection;
    const scope = `${cloud.graph}/.default`;
    const claims = claimsOf(await tokenFor(credential, scope, signal));
    if (typeof claims["oid"] !== "string") {
        throw new Error("getting client config: the access token has no claim 'oid'");
    }
    return {
        clientId: claims["appid"] ?? configuration.get("clientId", "ARM_CLIENT_ID"),
        objectId: claims["oid"],
        subscriptionId,
        tenantId: claims["tid"] ?? configuration.get("tenantId", "ARM_TENANT_ID"),
    };
}

async function getClientToken(
    args: Values,
    { cloud, credential }: Connection,
    signal: AbortSignal,
): Promise<Values> {
    const given = args["endpoint"];
    const endpoint =
        typeof given === "string" && given !== "" ? given : `${cloud.resourceManager}/`;
    return { token: await tokenFor(credential, `${endpoint}/.default`, signal) };
}
