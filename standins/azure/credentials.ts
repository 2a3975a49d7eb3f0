import type * as identity from "@azure/identity";
import { execFile } from "child_process";
import { readFileSync } from "fs";
import { promisify } from "util";
import { Configuration } from "./configuration";

export interface Account {
    readonly credential: identity.TokenCredential;
    readonly subscriptionId: string;
}

const subscription = "Subscription ID";

/**
 * The account of the provider's configuration, tried in the official provider's order: default
 * credential, client certificate, client secret, federated token, managed identity, az CLI. A
 * method that is configured but incomplete is an error, not a reason to try the next.
 */
export async function account(
    configuration: Configuration,
    { needsSubscription = true } = {},
): Promise<Account> {
    // Loaded here and not at the top: a plugin that only answers GetPluginInfo needs none of it.
    const library = await import("@azure/identity");
    const clientId = configuration.get("clientId", "ARM_CLIENT_ID");
    const tenantId = configuration.get("tenantId", "ARM_TENANT_ID");
    const subscriptionId = configuration.get("subscriptionId", "ARM_SUBSCRIPTION_ID");
    const authorityHost = configuration.cloud.authority;
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
        return { credential, subscriptionId };
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
        return { credential, subscriptionId };
    }
    const secret = configuration.get("clientSecret", "ARM_CLIENT_SECRET");
    if (secret !== "") {
        needs("as a Service Principal using a Client Secret", ...principal);
        return {
            credential: new library.ClientSecretCredential(tenantId, clientId, secret, options),
            subscriptionId,
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
        return { credential, subscriptionId };
    }
    if (configuration.isOn("useMsi", "ARM_USE_MSI")) {
        needs("as a Managed Identity using MSI", [subscription, subscriptionId]);
        const credential =
            clientId === ""
                ? new library.ManagedIdentityCredential()
                : new library.ManagedIdentityCredential({ clientId });
        return { credential, subscriptionId };
    }
    const credential = new library.AzureCliCredential({
        additionallyAllowedTenants: options.additionallyAllowedTenants,
        tenantId: tenantId || undefined,
        subscription: subscriptionId || undefined,
    });
    if (subscriptionId !== "" || !needsSubscription) {
        return { credential, subscriptionId };
    }
    return { credential, subscriptionId: await activeSubscription() };
}

/** Gives the token that a federated credential trusts, fresh at every call. */
function federatedToken(configuration: Configuration): () => Promise<string> {
    const given = configuration.get("oidcToken", "ARM_OIDC_TOKEN");
    const file = configuration.get("oidcTokenFilePath", "ARM_OIDC_TOKEN_FILE_PATH");
    if (given !== "") {
        return () => Promise.resolve(given);
    }
    if (file !== "") {
        return () => Promise.resolve(readFileSync(file, "utf8").trim());
    }
    throw new Error(
        "An OIDC token (ARM_OIDC_TOKEN) or its file (ARM_OIDC_TOKEN_FILE_PATH) must be configured " +
            "when authenticating with OIDC; exchange at a request URL is not in the emulator's stand-in.",
    );
}

/** The az CLI's default subscription. */
async function activeSubscription(): Promise<string> {
    const { stdout } = await promisify(execFile)("az", ["account", "show", "--output", "json"]);
    return (JSON.parse(stdout) as { id: string }).id;
}
