import { AzureHost, azureHost, Cloud, clouds } from "../core/clouds";
import { Directory } from "./directory";
import { sts } from "./stsErrors";
import { Tenants } from "./tenants";
import { issuerOf } from "./tokens";

/** v1 names the resource of a token by `resource`, v2 by `scope`. */
export type EndpointVersion = "v1" | "v2";

// Names that mean "any tenant"; an application then signs in to its own.
const anyTenant = new Set(["common", "organizations"]);

/** The directory that a path segment names, by its ID, its domain or one of the names for any tenant. */
export function namedTenant(tenants: Tenants, name: string): Directory | undefined {
    return anyTenant.has(name.toLowerCase()) ? tenants.home : tenants.find(name);
}

/** The URLs of the token endpoint under every name of the cloud's authority and the tenant. */
export function tokenEndpoints(cloud: Cloud, tenants: readonly string[]): string[] {
    return cloud.login.flatMap((host) =>
        tenants.flatMap((tenant) => [
            `https://${host}/${tenant}/oauth2/v2.0/token`,
            `https://${host}/${tenant}/oauth2/token`,
        ]),
    );
}

/**
 * Tells a client which authorities belong together and where to find a tenant's metadata (MSAL's instance discovery).
 *
 * @throws StsProblem for an authority that belongs to no Azure cloud
 */
export function instanceDiscovery(authorizationEndpoint: string | null): object {
    if (authorizationEndpoint === null) {
        throw sts.missingParameter("authorization_endpoint");
    }
    let endpoint: URL;
    try {
        endpoint = new URL(authorizationEndpoint);
    } catch {
        throw sts.unknownInstance();
    }
    const host = azureHost(endpoint.hostname);
    if (host?.kind !== "entra") {
        throw sts.unknownInstance();
    }
    const [, tenant] = endpoint.pathname.split("/");
    const version = /\/v2\.0\//.test(endpoint.pathname) ? "/v2.0" : "";
    return {
        tenant_discovery_endpoint: `https://${host.name}/${tenant}${version}/.well-known/openid-configuration`,
        "api-version": "1.1",
        metadata: clouds.map((cloud) => ({
            preferred_network: cloud.login[0],
            preferred_cache: cloud.name === "AzureCloud" ? "login.windows.net" : cloud.login[0],
            aliases: cloud.login,
        })),
    };
}

/**
 * A tenant's metadata (OpenID Connect Discovery 1.0 section 4.2).
 *
 * @throws StsProblem for an unknown tenant
 */
export function openIdConfiguration(
    tenants: Tenants,
    host: AzureHost,
    tenant: string,
    version: EndpointVersion,
): object {
    const directory = namedTenant(tenants, tenant);
    if (directory === undefined) {
        throw sts.tenantNotFound(tenant, "invalid_tenant");
    }
    const { cloud } = host;
    const isAny = anyTenant.has(tenant.toLowerCase());
    const name = isAny ? tenant.toLowerCase() : directory.tenantId;
    const issuerTenant = isAny ? "{tenantid}" : directory.tenantId;
    const base = `https://${cloud.login[0]}/${name}`;
    const segment = version === "v2" ? "/v2.0" : "";
    return {
        token_endpoint: `${base}/oauth2${segment}/token`,
        token_endpoint_auth_methods_supported: [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        jwks_uri: `${base}/discovery${segment}/keys`,
        response_modes_supported: ["query", "fragment", "form_post"],
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: ["RS256"],
        response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
        scopes_supported: ["openid", "profile", "email", "offline_access"],
        issuer:
            version === "v2"
                ? `https://${cloud.login[0]}/${issuerTenant}/v2.0`
                : issuerOf(cloud, issuerTenant),
        authorization_endpoint: `${base}/oauth2${segment}/authorize`,
        device_authorization_endpoint: `${base}/oauth2${segment}/devicecode`,
        end_session_endpoint: `${base}/oauth2${segment}/logout`,
        claims_supported: [
            "sub",
            "iss",
            "cloud_instance_name",
            "aud",
            "exp",
            "iat",
            "nonce",
            "tid",
            "ver",
        ],
        tenant_region_scope: "EU",
        cloud_instance_name: cloud.login[0].replace(/^login\./, ""),
        cloud_graph_host_name: cloud.name === "AzureCloud" ? "graph.windows.net" : cloud.graph,
        msgraph_host: cloud.graph,
    };
}
