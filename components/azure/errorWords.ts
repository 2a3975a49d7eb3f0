/** Patterns of error messages of Azure's libraries and services, and what to say instead. */
const known: readonly (readonly [pattern: RegExp, words: string])[] = [
    [
        /AADSTS(7000215|7000222)/,
        "Entra rejects the service principal's secret: set ARM_CLIENT_SECRET to the value (not the ID) of a secret that " +
            "has not expired",
    ],
    [
        /AADSTS(90002|900021|900023)/,
        "Entra does not find this tenant: set ARM_TENANT_ID to the tenant of the subscription, in the cloud that " +
            "azure-native:environment names",
    ],
    [
        /AADSTS700016/,
        "the tenant does not contain this application: check that ARM_CLIENT_ID and ARM_TENANT_ID belong together",
    ],
    [
        /AADSTS(70021|700211|700212|700213)/,
        "no federated credential of the application matches this workflow's token: compare the token's subject with iot-x509:ci.subjects or previewSubjects, and ARM_CLIENT_ID with the output ciClientId or ciPreviewClientId",
    ],
    [
        /AADSTS(700027|700024)/,
        "Entra rejects the application's certificate or token: check that it belongs to the application, and this machine's clock",
    ],
    [
        /spawn(Sync)? az ENOENT|az: (command )?not found|az login|Azure CLI (could not be|not) found|CredentialUnavailable|no account.*configured/i,
        "nobody is logged in to Azure: run `az login`, or set ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID and " +
            "ARM_SUBSCRIPTION_ID",
    ],
    [
        /\b400019\b/,
        "a hub or a provisioning service holds at most 25 CA certificates: delete unused ones, or set pki.trust: root",
    ],
    [
        /OperationNotAvailableInCurrentTier|\b403010\b/,
        "this hub has a Basic tier (B1, B2, B3), which has no device twins: change it to a Standard tier (az iot hub " +
            "update --name NAME --sku S1)",
    ],
    [
        /specify only one of subscription and tenant/,
        "az accepts a subscription or a tenant, not both: with `az login`, set only ARM_SUBSCRIPTION_ID; its tenant is used",
    ],
    [
        /InvalidAuthenticationTokenTenant/,
        "the login belongs to another tenant than the subscription: set ARM_TENANT_ID to the subscription's tenant, which the message " +
            "names; with az, run `az login --tenant TENANT-ID` and `az account set --subscription ID`",
    ],
    [
        /SubscriptionNotFound|Subscription '[^']*' not found/,
        "this login cannot see the subscription: set ARM_SUBSCRIPTION_ID, or run `az account set --subscription ID`",
    ],
    [
        /AuthorizationFailed/,
        'this login lacks the permission: docs/getting-started.md, "Roles", lists the roles that the deployer needs',
    ],
    [
        /network_error|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|socket hang up|no such host|connection refused|i\/o timeout|Client network socket disconnected/i,
        "no connection: check this machine's network and DNS, and HTTPS_PROXY if it uses a proxy",
    ],
    [
        /UNABLE_TO_|SELF_SIGNED_CERT|CERT_|unable to (verify|get)|self.signed certificate|certificate signed by unknown authority/i,
        "this machine does not trust the server's TLS certificate: if a proxy replaces it, name the proxy's CA in NODE_EXTRA_CA_CERTS and SSL_CERT_FILE",
    ],
];

/**
 * Returns cause and remedy, in one clause, of an error message of Azure's identity library, Resource Manager or a
 * connection; undefined if the message is unknown. Sources: Microsoft Learn "Microsoft Entra authentication error codes",
 * "Resolve common Azure deployment errors"; Node.js "Common system errors".
 */
export function causeAndRemedy(text: string): string | undefined {
    const found = known.find(([pattern]) => pattern.test(text));
    const code = /AADSTS\d+/.exec(text)?.[0];
    return found && `${found[1]}${code === undefined ? "" : ` (${code})`}`;
}
