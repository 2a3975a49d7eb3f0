import type * as identity from "@azure/identity";
import { execFile } from "child_process";
import { readFileSync } from "fs";
import { promisify } from "util";
import { Cloud, Configuration } from "./configuration";

export interface Account {
    readonly credential: identity.TokenCredential;
    readonly subscriptionId: string;
    /** The configured cloud, or the one that az uses. */
    readonly cloud: Cloud;
}

/** The parts of `az account show` that are used here. */
interface CliAccount {
    readonly id: string;
    readonly environmentName: string;
}

const subscription = "Subscription ID";

/**
 * The account in the provider's configuration. Methods are tried in the official provider's order: default credential,
 * client certificate, client secret, federated token, managed identity, az CLI. A method that is configured but
 * incomplete is an error; the next is not tried.
 */
export async function account(
    configuration: Configuration,
    { needsSubscription = true } = {},
): Promise<Account> {
    // Not imported at the top: a plug-in that only answers GetPluginInfo does not need it.
    const library = await import("@azure/identity");
    const clientId = configuration.get("clientId", "ARM_CLIENT_ID");
    const tenantId = configuration.get("tenantId", "ARM_TENANT_ID");
    const subscriptionId = configuration.get("subscriptionId", "ARM_SUBSCRIPTION_ID");
    const { cloud } = configuration;
    const authorityHost = cloud.authority;
    const auxiliary = configuration.get("auxiliaryTenantIds", "ARM_AUXILIARY_TENANT_IDS");
    const options = {
        authorityHost,
        additionallyAllowedTenants: auxiliary === "" ? [] : (JSON.parse(auxiliary) as string[]),
        disableInstanceDiscovery: configuration.isOn(
            "disableInstanceDiscovery",
            "ARM_DISABLE_INSTANCE_DISCOVERY",
        ),
    };
    const needs = (method: string, ...values: [string, string][]): void => {
        const missing = values
            .filter(([label]) => needsSubscription || label !== subscription)
            .find(([, value]) => value === "");
        if (missing !== undefined) {
            throw new Error(`A ${missing[0]} must be configured when authenticating ${method}.`);
        }
    };
    const principal: [string, string][] = [
        [subscription, subscriptionId],
        ["Tenant ID", tenantId],
        ["Client ID", clientId],
    ];

    if (configuration.isOn("useDefaultAzureCredential", "ARM_USE_DEFAULT_AZURE_CREDENTIAL")) {
        needs("using the Default Azure Credential", [subscription, subscriptionId]);
        const credential = new library.DefaultAzureCredential(
            tenantId === "" ? options : { ...options, tenantId },
        );
        return { credential, subscriptionId, cloud };
    }
    const certificatePath = configuration.get(
        "clientCertificatePath",
        "ARM_CLIENT_CERTIFICATE_PATH",
    );
    if (certificatePath !== "") {
        needs("as a Service Principal using a Client Certificate", ...principal);
        const certificatePassword = configuration.get(
            "clientCertificatePassword",
            "ARM_CLIENT_CERTIFICATE_PASSWORD",
        );
        const credential = new library.ClientCertificateCredential(
            tenantId,
            clientId,
            { certificatePath, certificatePassword: certificatePassword || undefined },
            options,
        );
        return { credential, subscriptionId, cloud };
    }
    const secret = configuration.get("clientSecret", "ARM_CLIENT_SECRET");
    if (secret !== "") {
        needs("as a Service Principal using a Client Secret", ...principal);
        return {
            credential: new library.ClientSecretCredential(tenantId, clientId, secret, options),
            subscriptionId,
            cloud,
        };
    }
    if (configuration.isOn("useOidc", "ARM_USE_OIDC")) {
        needs("with OIDC", ...principal);
        const credential = new library.ClientAssertionCredential(
            tenantId,
            clientId,
            federatedToken(configuration),
            options,
        );
        return { credential, subscriptionId, cloud };
    }
    if (configuration.isOn("useMsi", "ARM_USE_MSI")) {
        needs("as a Managed Identity using MSI", [subscription, subscriptionId]);
        const credential =
            clientId === ""
                ? new library.ManagedIdentityCredential()
                : new library.ManagedIdentityCredential({ clientId });
        return { credential, subscriptionId, cloud };
    }
    const credential = new library.AzureCliCredential({
        additionallyAllowedTenants: options.additionallyAllowedTenants,
        tenantId: tenantId || undefined,
        subscription: (needsSubscription && subscriptionId) || undefined,
    });
    if (!needsSubscription) {
        return { credential, subscriptionId, cloud };
    }
    const active = await cliAccount(subscriptionId);
    const own = configuration.cloudNamed(active.environmentName);
    if (configuration.environmentName !== "" && own !== cloud) {
        throw new Error(
            `The configured Azure environment '${configuration.environmentName}' does not match the active environment ` +
                `'${active.environmentName}'.`,
        );
    }
    return { credential, subscriptionId: active.id, cloud: own };
}

/** Returns a function that reads the token trusted by a federated credential, fresh at every call. */
function federatedToken(configuration: Configuration): () => Promise<string> {
    const given = configuration.get("oidcToken", "ARM_OIDC_TOKEN");
    const file = configuration.get("oidcTokenFilePath", "ARM_OIDC_TOKEN_FILE_PATH");
    if (given !== "") {
        return () => Promise.resolve(given);
    }
    if (file !== "") {
        return () => Promise.resolve(readFileSync(file, "utf8").trim());
    }
    const url = configuration.get("oidcRequestUrl", "ACTIONS_ID_TOKEN_REQUEST_URL");
    const bearer = configuration.get("oidcRequestToken", "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    if (url === "" || bearer === "") {
        throw new Error(
            "A OIDC token or request URL and token must be configured when authenticating with OIDC.",
        );
    }
    const audience = configuration.get("oidcAudience", "ARM_OIDC_AUDIENCE");
    return () => exchanged(url, bearer, audience || "api://AzureADTokenExchange");
}

/** Exchanges a GitHub job's request token (pulumi-azure-native: getOidcTokenExchangeAssertion). */
async function exchanged(address: string, bearer: string, audience: string): Promise<string> {
    const url = new URL(address);
    url.searchParams.set("audience", audience);
    const headers = { accept: "application/json", authorization: `Bearer ${bearer}` };
    const response = await fetch(url, { headers });
    if (!response.ok) {
        throw new Error(`GitHub OIDC: ${response.status}`);
    }
    return ((await response.json()) as { value: string }).value;
}

/** The az CLI's account for a subscription; default: the active one. */
async function cliAccount(subscription: string): Promise<CliAccount> {
    const named = subscription === "" ? [] : ["--subscription", subscription];
    const args = ["account", "show", "--output", "json", ...named];
    const { stdout } = await promisify(execFile)("az", args);
    return JSON.parse(stdout) as CliAccount;
}
