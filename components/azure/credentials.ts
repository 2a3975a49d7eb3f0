import { readFileSync } from "fs";
import {
    AzureCliCredential,
    ClientAssertionCredential,
    ClientCertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    TokenCredential,
} from "@azure/identity";
import { Cloud } from "./cloud";
import { LoginSettings } from "./loginSettings";

/** Input of each kind of credential. */
interface CredentialOptions {
    readonly authorityHost: string;
    readonly additionallyAllowedTenants: string[];
    readonly disableInstanceDiscovery: boolean;
}

/**
 * Creates the credential that azure-native creates from the same settings, with the JavaScript counterpart of its library.
 *
 * @param subscription for az: tokens are issued for its tenant
 */
export function azureCredential(
    cloud: Cloud,
    settings: LoginSettings,
    subscription: string | undefined,
): TokenCredential {
    const tenantId = settings.tenant?.value ?? "";
    const clientId = settings.clientId ?? "";
    const options: CredentialOptions = {
        authorityHost: cloud.authorityHost,
        additionallyAllowedTenants: [...settings.auxiliaryTenantIds],
        disableInstanceDiscovery: settings.disableInstanceDiscovery,
    };
    switch (settings.way) {
        case "default":
            return new DefaultAzureCredential(tenantId === "" ? options : { ...options, tenantId });
        case "certificate": {
            const { certificatePath = "", certificatePassword } = settings;
            return new ClientCertificateCredential(
                tenantId,
                clientId,
                { certificatePath, certificatePassword },
                options,
            );
        }
        case "secret":
            return new ClientSecretCredential(
                tenantId,
                clientId,
                settings.clientSecret ?? "",
                options,
            );
        case "oidc":
            return new ClientAssertionCredential(
                tenantId,
                clientId,
                oidcAssertion(settings),
                options,
            );
        case "msi":
            return new ManagedIdentityCredential(clientId === "" ? {} : { clientId });
        case "cli":
            // Omits the tenant, because az refuses it together with a subscription and uses the subscription's tenant.
            return new AzureCliCredential({
                additionallyAllowedTenants: options.additionallyAllowedTenants,
                ...(subscription === undefined ? {} : { subscription }),
            });
    }
}

/** Returns the token that a federated credential trusts. Reads a token file each time, because it may have been renewed. */
function oidcAssertion(settings: LoginSettings): () => Promise<string> {
    const { oidcToken, oidcTokenFilePath, oidcRequestUrl = "", oidcRequestToken = "" } = settings;
    if (oidcToken !== undefined) {
        return () => Promise.resolve(oidcToken);
    }
    if (oidcTokenFilePath !== undefined) {
        return async () => readFileSync(oidcTokenFilePath, "utf8").trim();
    }
    return () => requestedToken(oidcRequestUrl, oidcRequestToken, settings.oidcAudience);
}

/** Source: GitHub docs, "OpenID Connect reference", "Requesting the JWT using environment variables". */
async function requestedToken(
    requestUrl: string,
    bearer: string,
    audience: string,
): Promise<string> {
    const url = new URL(requestUrl);
    url.searchParams.set("audience", audience);
    const response = await fetch(url, {
        headers: { accept: "application/json", authorization: `Bearer ${bearer}` },
    });
    if (!response.ok) {
        throw new Error(`the OIDC endpoint ${url.host} answered ${response.status}`);
    }
    const { value } = (await response.json()) as { value?: unknown };
    if (typeof value !== "string") {
        throw new Error(`the response of the OIDC endpoint ${url.host} contains no token`);
    }
    return value;
}
