/** Reads a setting of azure-native, e.g. `clientId`; undefined if it is not set. */
export type ReadSetting = (name: string) => string | undefined;

/** Login methods of azure-native, in the order in which it tries them. */
export type LoginWay = "default" | "certificate" | "secret" | "oidc" | "msi" | "cli";

/** Names of the login methods in messages. */
export const wayNames: Readonly<Record<LoginWay, string>> = {
    default: "the default credential",
    certificate: "a certificate",
    secret: "a client secret",
    oidc: "OpenID Connect",
    msi: "a managed identity",
    cli: "az login",
};

/** A value, and the setting or variable that it comes from. */
export interface Sourced {
    readonly value: string;
    /** E.g. `azure-native:tenantId` or `ARM_TENANT_ID`. */
    readonly from: string;
}

/** Login settings as azure-native reads them from its configuration and the environment; undefined where nothing is set. */
export interface LoginSettings {
    readonly way: LoginWay;
    /** Name of the cloud; default: that of az, else the public cloud. */
    readonly environment: string | undefined;
    readonly subscription: Sourced | undefined;
    readonly tenant: Sourced | undefined;
    readonly clientId: string | undefined;
    readonly clientSecret: string | undefined;
    readonly certificatePath: string | undefined;
    readonly certificatePassword: string | undefined;
    readonly oidcToken: string | undefined;
    readonly oidcTokenFilePath: string | undefined;
    readonly oidcRequestUrl: string | undefined;
    readonly oidcRequestToken: string | undefined;
    readonly oidcAudience: string;
    readonly auxiliaryTenantIds: readonly string[];
    readonly disableInstanceDiscovery: boolean;
}

const exchangeAudience = "api://AzureADTokenExchange";

/** Login methods that need the name of a principal, as azure-native calls them. */
const needs: Readonly<Record<Exclude<LoginWay, "cli">, { how: string; principal: boolean }>> = {
    default: { how: "the default credential of the Azure SDKs", principal: false },
    certificate: { how: "a service principal's certificate", principal: true },
    secret: { how: "a service principal's secret", principal: true },
    oidc: { how: "OpenID Connect", principal: true },
    msi: { how: "a managed identity", principal: false },
};

/**
 * Reads the settings as azure-native 3.28.0 does (pulumi-azure-native: provider/pkg/provider/auth_azidentity.go): a setting
 * of the stack, even an empty one, wins over the variable; only `true` turns a flag on; an incomplete login method is an
 * error, not a reason to try the next one.
 *
 * @param setting reads `azure-native:NAME` of the stack
 * @throws Error of one sentence that names the missing setting and variable
 */
export function readLoginSettings(
    setting: ReadSetting,
    environment: NodeJS.ProcessEnv = process.env,
): LoginSettings {
    const sourced = (name: string, variable: string): Sourced | undefined => {
        const own = setting(name);
        const value = own ?? environment[variable] ?? "";
        const from = own === undefined ? variable : `azure-native:${name}`;
        return value === "" ? undefined : { value, from };
    };
    const read = (name: string, variable: string) => sourced(name, variable)?.value;
    const isOn = (name: string, variable: string) => read(name, variable) === "true";

    refuseMetadataHost(sourced("metadataHost", "ARM_METADATA_HOSTNAME"));
    const certificatePath = read("clientCertificatePath", "ARM_CLIENT_CERTIFICATE_PATH");
    const clientSecret = read("clientSecret", "ARM_CLIENT_SECRET");
    const settings: LoginSettings = {
        way: isOn("useDefaultAzureCredential", "ARM_USE_DEFAULT_AZURE_CREDENTIAL")
            ? "default"
            : certificatePath !== undefined
              ? "certificate"
              : clientSecret !== undefined
                ? "secret"
                : isOn("useOidc", "ARM_USE_OIDC")
                  ? "oidc"
                  : isOn("useMsi", "ARM_USE_MSI")
                    ? "msi"
                    : "cli",
        environment:
            read("environment", "ARM_ENVIRONMENT") ?? read("environment", "AZURE_ENVIRONMENT"),
        subscription: sourced("subscriptionId", "ARM_SUBSCRIPTION_ID"),
        tenant: sourced("tenantId", "ARM_TENANT_ID"),
        clientId: read("clientId", "ARM_CLIENT_ID"),
        clientSecret,
        certificatePath,
        certificatePassword: read("clientCertificatePassword", "ARM_CLIENT_CERTIFICATE_PASSWORD"),
        oidcToken: read("oidcToken", "ARM_OIDC_TOKEN"),
        oidcTokenFilePath: read("oidcTokenFilePath", "ARM_OIDC_TOKEN_FILE_PATH"),
        oidcRequestUrl: read("oidcRequestUrl", "ACTIONS_ID_TOKEN_REQUEST_URL"),
        oidcRequestToken: read("oidcRequestToken", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        oidcAudience: read("oidcAudience", "ARM_OIDC_AUDIENCE") ?? exchangeAudience,
        auxiliaryTenantIds: tenantList(sourced("auxiliaryTenantIds", "ARM_AUXILIARY_TENANT_IDS")),
        disableInstanceDiscovery: isOn(
            "disableInstanceDiscovery",
            "ARM_DISABLE_INSTANCE_DISCOVERY",
        ),
    };
    refuseIncomplete(settings);
    return settings;
}

function refuseIncomplete(settings: LoginSettings): void {
    const { way, subscription, tenant, clientId } = settings;
    if (way === "cli") {
        return;
    }
    const { how, principal } = needs[way];
    const missing = [
        ...(subscription === undefined ? ["subscriptionId (ARM_SUBSCRIPTION_ID)"] : []),
        ...(principal && tenant === undefined ? ["tenantId (ARM_TENANT_ID)"] : []),
        ...(principal && clientId === undefined ? ["clientId (ARM_CLIENT_ID)"] : []),
    ];
    if (missing.length > 0) {
        throw new Error(
            `the login by ${how} is selected but incomplete: set ${missing.map((one) => `azure-native:${one}`).join(", ")}`,
        );
    }
    if (way === "oidc" && !hasOidcToken(settings)) {
        throw new Error(
            "the login by OpenID Connect is selected, but there is no token: set ARM_OIDC_TOKEN or ARM_OIDC_TOKEN_FILE_PATH, " +
                "or give the GitHub job the permission `id-token: write`",
        );
    }
}

function hasOidcToken(settings: LoginSettings): boolean {
    const { oidcToken, oidcTokenFilePath, oidcRequestUrl, oidcRequestToken } = settings;
    return (
        oidcToken !== undefined ||
        oidcTokenFilePath !== undefined ||
        (oidcRequestUrl !== undefined && oidcRequestToken !== undefined)
    );
}

/** Parses a JSON list, the form that azure-native expects also in the environment. */
function tenantList(given: Sourced | undefined): string[] {
    if (given === undefined) {
        return [];
    }
    try {
        const list: unknown = JSON.parse(given.value);
        if (Array.isArray(list) && list.every((one) => typeof one === "string")) {
            return list;
        }
    } catch {
        // Reported below.
    }
    throw new Error(
        `${given.from} "${given.value}" must be a JSON list of tenant IDs: write for example ["TENANT-ID"]`,
    );
}

/** Refuses custom clouds, because this program cannot know the audiences of their hubs. */
function refuseMetadataHost(host: Sourced | undefined): void {
    if (host !== undefined) {
        throw new Error(
            `${host.from} selects the endpoints of a custom cloud; this program supports the public cloud, the US Government's and ` +
                "China's: delete it, and set azure-native:environment",
        );
    }
}
