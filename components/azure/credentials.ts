import {
    AzureCliCredential,
    ChainedTokenCredential,
    ClientAssertionCredential,
    ClientCertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    TokenCredential,
    WorkloadIdentityCredential,
} from "@azure/identity";
import { Cloud } from "./cloud";

/** Reads a setting of azure-native, e.g. `clientId`; undefined when it is not set. */
export type ReadSetting = (name: string) => string | undefined;

/**
 * The credential that azure-native would use with the same settings and environment: service principal by
 * certificate, secret or OIDC, then managed identity when asked for, then the Azure CLI's login.
 * Source: pulumi-azure-native docs, "Installation & Configuration".
 */
export function azureCredential(cloud: Cloud, setting: ReadSetting): TokenCredential {
    const read = (name: string, variable: string): string | undefined =>
        setting(name) ?? (process.env[variable] || undefined);
    const isOn = (name: string, variable: string): boolean =>
        ["true", "1"].includes((read(name, variable) ?? "").toLowerCase());

    const options = { authorityHost: cloud.authorityHost };
    const tenantId = read("tenantId", "ARM_TENANT_ID");
    const clientId = read("clientId", "ARM_CLIENT_ID");
    if (isOn("useMsi", "ARM_USE_MSI")) {
        return new ManagedIdentityCredential(clientId === undefined ? {} : { clientId });
    }
    if (tenantId === undefined || clientId === undefined) {
        return new ChainedTokenCredential(
            new AzureCliCredential(),
            new ManagedIdentityCredential(),
        );
    }
    const certificatePath = read("clientCertificatePath", "ARM_CLIENT_CERTIFICATE_PATH");
    if (certificatePath !== undefined) {
        const certificatePassword = read(
            "clientCertificatePassword",
            "ARM_CLIENT_CERTIFICATE_PASSWORD",
        );
        return new ClientCertificateCredential(
            tenantId,
            clientId,
            { certificatePath, certificatePassword },
            options,
        );
    }
    const secret = read("clientSecret", "ARM_CLIENT_SECRET");
    if (secret !== undefined) {
        return new ClientSecretCredential(tenantId, clientId, secret, options);
    }
    if (isOn("useOidc", "ARM_USE_OIDC")) {
        return oidcCredential(tenantId, clientId, read, options);
    }
    return new AzureCliCredential({ tenantId });
}

function oidcCredential(
    tenantId: string,
    clientId: string,
    read: (name: string, variable: string) => string | undefined,
    options: { readonly authorityHost: string },
): TokenCredential {
    const token = read("oidcToken", "ARM_OIDC_TOKEN");
    if (token !== undefined) {
        return new ClientAssertionCredential(tenantId, clientId, async () => token, options);
    }
    const tokenFilePath = read("oidcTokenFilePath", "ARM_OIDC_TOKEN_FILE_PATH");
    if (tokenFilePath !== undefined) {
        return new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath, ...options });
    }
    const url = process.env.ARM_OIDC_REQUEST_URL ?? process.env.ACTIONS_ID_TOKEN_REQUEST_URL;
    const bearer = process.env.ARM_OIDC_REQUEST_TOKEN ?? process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN;
    if (url === undefined || bearer === undefined) {
        throw new Error(
            "ARM_USE_OIDC is set, but no token: set ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, or " +
                "give the GitHub job the permission `id-token: write`",
        );
    }
    return new ClientAssertionCredential(
        tenantId,
        clientId,
        () => gitHubToken(url, bearer),
        options,
    );
}

/** Source: GitHub docs, "OpenID Connect: Updating your workflows for OIDC". */
async function gitHubToken(url: string, bearer: string): Promise<string> {
    const response = await fetch(`${url}&audience=api%3A%2F%2FAzureADTokenExchange`, {
        headers: { authorization: `Bearer ${bearer}` },
    });
    if (!response.ok) {
        throw new Error(`the GitHub OIDC endpoint answered ${response.status}`);
    }
    const { value } = (await response.json()) as { value: string };
    return value;
}
