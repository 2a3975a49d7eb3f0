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

/** What the credential of each way is made of. */
interface CredentialOptions {
    readonly authorityHost: string;
    readonly additionallyAllowedTenants: string[];
    readonly disableInstanceDiscovery: boolean;
}

/**
 * The credential that azure-native makes of the same settings, from the library of the same name.
 *
 * @param subscription with az: whose tenant the tokens are for
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
            // Never with the tenant, which az refuses beside a subscription; its tokens are for the subscription's.
            return new AzureCliCredential({
                additionallyAllowedTenants: options.additionallyAllowedTenants,
                ...(subscription === undefined ? {} : { subscription }),
            });
    }
}

/** Gives the token that a federated credential trusts; a file is read anew each time, for it may be renewed. */
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
