import { HostService, HttpReply, HttpRequest } from "../core/http";
import { Router } from "../core/router";
import { IdentityContext } from "./identityContext";
import { instanceDiscovery, namedTenant, openIdConfiguration } from "./metadata";
import { sts, StsProblem, stsFailure } from "./stsErrors";
import { answerTokenRequest } from "./tokenEndpoint";
import { issuerOf } from "./tokens";

/** The authority hosts, such as login.microsoftonline.com: metadata, keys and tokens for applications. */
export class EntraService implements HostService {
    private readonly router = new Router();

    constructor(private readonly context: IdentityContext) {
        const { tenants } = context;
        this.router
            .on("GET", "/common/discovery/instance", ({ url }) => ({
                status: 200,
                body: instanceDiscovery(url.searchParams.get("authorization_endpoint")),
            }))
            .on("GET", "/:tenant/v2.0/.well-known/openid-configuration", (request, params) => ({
                status: 200,
                body: openIdConfiguration(tenants, request.host, params.tenant, "v2"),
            }))
            .on("GET", "/:tenant/.well-known/openid-configuration", (request, params) => ({
                status: 200,
                body: openIdConfiguration(tenants, request.host, params.tenant, "v1"),
            }))
            .on("GET", "/:tenant/discovery/v2.0/keys", (request, params) =>
                this.keys(request, params.tenant),
            )
            .on("GET", "/:tenant/discovery/keys", (request, params) =>
                this.keys(request, params.tenant),
            )
            .on("POST", "/:tenant/oauth2/v2.0/token", (request, params) =>
                answerTokenRequest(context, request, params.tenant, "v2"),
            )
            .on("POST", "/:tenant/oauth2/token", (request, params) =>
                answerTokenRequest(context, request, params.tenant, "v1"),
            )
            .on("POST", "/:tenant/oauth2/v2.0/devicecode", () => refuseUsers("device_code"))
            .on("POST", "/:tenant/oauth2/devicecode", () => refuseUsers("device_code"))
            .on("GET", "/:tenant/oauth2/v2.0/authorize", () => refuseUsers("authorization_code"))
            .on("GET", "/:tenant/oauth2/authorize", () => refuseUsers("authorization_code"));
    }

    async handle(request: HttpRequest): Promise<HttpReply> {
        try {
            return await this.router.handle(request);
        } catch (error) {
            if (error instanceof StsProblem) {
                throw stsFailure(error, request, this.context.clock);
            }
            throw error;
        }
    }

    private keys(request: HttpRequest, tenant: string): HttpReply {
        const { tenants, tokens } = this.context;
        const directory = namedTenant(tenants, tenant);
        if (directory === undefined) {
            throw sts.tenantNotFound(tenant, "invalid_tenant");
        }
        return {
            status: 200,
            body: tokens.jwks(issuerOf(request.host.cloud, directory.tenantId)),
        };
    }
}

/** The emulator has no users, so grants for users are refused. */
function refuseUsers(grant: string): never {
    throw sts.unsupportedGrant(grant);
}
