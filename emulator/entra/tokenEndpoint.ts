import { Cloud } from "../core/clouds";
import { HttpReply, HttpRequest } from "../core/http";
import { verifyAssertion } from "./assertion";
import { matchingPassword } from "./directory";
import { IdentityContext } from "./identityContext";
import { EndpointVersion, namedTenant, tokenEndpoints } from "./metadata";
import { Application } from "./model";
import { isKnownResource } from "./resources";
import { sts } from "./stsErrors";
import { tokenLifetimeSeconds } from "./tokens";

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// OpenID Connect scopes, which MSAL for Go adds to every request and which have no effect for an application.
const openIdScopes = new Set(["openid", "profile", "offline_access", "email"]);

/**
 * The token endpoint for applications (RFC 6749 section 4.4; Microsoft docs: "OAuth 2.0 client credentials flow").
 *
 * @throws StsProblem
 */
export async function answerTokenRequest(
    context: IdentityContext,
    request: HttpRequest,
    tenant: string,
    version: EndpointVersion,
): Promise<HttpReply> {
    const { tenants, tokens } = context;
    const { cloud } = request.host;
    const directory = namedTenant(tenants, tenant);
    if (directory === undefined) {
        throw sts.tenantNotFound(tenant);
    }
    const form = new URLSearchParams(request.body.toString("utf8"));
    const grant = required(form, "grant_type");
    if (grant !== "client_credentials") {
        throw sts.unsupportedGrant(grant);
    }
    const credentials = credentialsOf(request, form);
    const application = directory.applicationByAppId(credentials.clientId);
    if (application === undefined) {
        throw sts.unknownApplication(credentials.clientId, tenant);
    }
    const resource = version === "v1" ? required(form, "resource") : resourceOfScope(form);
    const proof = await prove(
        context,
        application,
        credentials,
        [tenant, directory.tenantId],
        cloud,
    );
    if (!isKnownResource(resource, cloud)) {
        throw sts.unknownResource(resource, tenant);
    }
    const principal = directory.servicePrincipalByAppId(application.appId);
    if (principal === undefined) {
        throw sts.noServicePrincipal(application.appId, directory.tenantId);
    }
    const accessToken = await tokens.issue({
        principal,
        tenantId: directory.tenantId,
        audience: resource,
        cloud,
        proof,
    });
    const body = version === "v1" ? v1Reply(context, resource) : v2Reply;
    return {
        status: 200,
        headers: { "cache-control": "no-store", pragma: "no-cache" },
        body: { token_type: "Bearer", ...body, access_token: accessToken },
    };
}

const v2Reply = { expires_in: tokenLifetimeSeconds, ext_expires_in: tokenLifetimeSeconds };

function v1Reply(context: IdentityContext, resource: string): Record<string, string> {
    const now = Math.floor(context.clock.now() / 1000);
    return {
        expires_in: String(tokenLifetimeSeconds),
        ext_expires_in: String(tokenLifetimeSeconds),
        expires_on: String(now + tokenLifetimeSeconds),
        not_before: String(now),
        resource,
    };
}

interface Credentials {
    readonly clientId: string;
    readonly secret?: string;
    readonly assertion?: string;
}

function credentialsOf(request: HttpRequest, form: URLSearchParams): Credentials {
    const basic = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? "");
    if (basic !== null && !form.has("client_secret") && !form.has("client_assertion")) {
        const [id, ...rest] = Buffer.from(basic[1], "base64").toString("utf8").split(":");
        return { clientId: formDecode(id), secret: formDecode(rest.join(":")) };
    }
    const clientId = required(form, "client_id");
    const assertion = form.get("client_assertion") ?? undefined;
    if (assertion === undefined) {
        return { clientId, secret: form.get("client_secret") ?? undefined };
    }
    if (required(form, "client_assertion_type") !== jwtBearer) {
        throw sts.malformedAssertion("Invalid JWT token. Unsupported client_assertion_type.");
    }
    return { clientId, assertion };
}

/** Client ID and secret are form-encoded before they become HTTP Basic (RFC 6749 section 2.3.1). */
function formDecode(text: string): string {
    return new URLSearchParams(`value=${text}`).get("value") ?? "";
}

function required(form: URLSearchParams, name: string): string {
    const value = form.get(name);
    if (value === null || value === "") {
        throw sts.missingParameter(name);
    }
    return value;
}

/**
 * `https://management.azure.com//.default` asks for `https://management.azure.com/`: the last slash belongs to the
 * scope.
 */
function resourceOfScope(form: URLSearchParams): string {
    const scopes = required(form, "scope")
        .split(/\s+/)
        .filter((scope) => scope !== "" && !openIdScopes.has(scope));
    if (scopes.length > 1) {
        throw sts.invalidScope(scopes.join(" "));
    }
    const [scope = ""] = scopes;
    const [, resource] = /^(.+)\/\.default$/.exec(scope) ?? [];
    if (resource === undefined) {
        throw sts.scopeNotDefault(scope);
    }
    return resource;
}

async function prove(
    context: IdentityContext,
    application: Application,
    { secret, assertion }: Credentials,
    names: readonly string[],
    cloud: Cloud,
): Promise<"secret" | "key"> {
    const { clock, tokens } = context;
    if (assertion !== undefined) {
        await verifyAssertion(application, assertion, {
            clock,
            issuers: tokens.external,
            tokenEndpoints: tokenEndpoints(cloud, names),
        });
        return "key";
    }
    if (secret === undefined || secret === "") {
        throw sts.noCredential();
    }
    const password = matchingPassword(application, secret);
    if (password === undefined || Date.parse(password.startDateTime) > clock.now()) {
        throw sts.wrongSecret(application.appId);
    }
    if (Date.parse(password.endDateTime) < clock.now()) {
        throw sts.expiredSecret(application.appId);
    }
    return "secret";
}
