import { randomUUID } from "crypto";
import { HttpFailure, HttpRequest } from "../core/http";
import { Clock } from "../core/clock";

/** The OAuth 2.0 error codes of RFC 6749 section 5.2 and those that Entra adds. */
type OAuthError =
    | "invalid_request"
    | "invalid_client"
    | "invalid_scope"
    | "invalid_resource"
    | "invalid_tenant"
    | "invalid_instance"
    | "unauthorized_client"
    | "unsupported_grant_type";

/** An error of the token service, with number and text as in Entra. */
export class StsProblem extends Error {
    constructor(
        readonly status: 400 | 401,
        readonly oauthError: OAuthError,
        /** The digits after "AADSTS". */
        readonly number: number,
        readonly text: string,
    ) {
        super(`AADSTS${number}: ${text}`);
    }
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The reply that Entra sends (docs: "Handling error codes in your application"). */
export function stsFailure(problem: StsProblem, request: HttpRequest, clock: Clock): HttpFailure {
    const timestamp = clock.date().toISOString().replace("T", " ").replace(/\..*/, "Z");
    const asked = request.headers["client-request-id"];
    const correlation = typeof asked === "string" && guid.test(asked) ? asked : randomUUID();
    return new HttpFailure({
        status: problem.status,
        headers: { "cache-control": "no-store", "client-request-id": correlation },
        body: {
            error: problem.oauthError,
            error_description:
                `${problem.message} Trace ID: ${request.id} ` +
                `Correlation ID: ${correlation} Timestamp: ${timestamp}`,
            error_codes: [problem.number],
            timestamp,
            trace_id: request.id,
            correlation_id: correlation,
            error_uri: `https://${request.host.name}/error?code=${problem.number}`,
        },
    });
}

export const sts = {
    tenantNotFound: (tenant: string, oauthError: OAuthError = "invalid_request") =>
        new StsProblem(
            400,
            oauthError,
            90002,
            `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are ` +
                "signing into the correct cloud. Check with your subscription administrator, this may " +
                "happen if there are no active subscriptions for the tenant.",
        ),
    unknownInstance: () =>
        new StsProblem(400, "invalid_instance", 50049, "Unknown or invalid instance."),
    missingParameter: (name: string) =>
        new StsProblem(
            400,
            "invalid_request",
            900144,
            `The request body must contain the following parameter: '${name}'.`,
        ),
    unsupportedGrant: (grant: string) =>
        new StsProblem(
            400,
            "unsupported_grant_type",
            70003,
            `The app requested an unsupported grant type '${grant}'. (The local emulator signs in ` +
                "applications with client_credentials; it has no users.)",
        ),
    unknownApplication: (appId: string, tenant: string) =>
        new StsProblem(
            400,
            "unauthorized_client",
            700016,
            `Application with identifier '${appId}' was not found in the directory '${tenant}'. This can ` +
                "happen if the application has not been installed by the administrator of the tenant or " +
                "consented to by any user in the tenant. You may have sent your authentication request to " +
                "the wrong tenant.",
        ),
    noServicePrincipal: (appId: string, tenant: string) =>
        new StsProblem(
            401,
            "invalid_client",
            7000229,
            `The client application ${appId} is missing service principal in the tenant ${tenant}. ` +
                "See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
        ),
    noCredential: () =>
        new StsProblem(
            401,
            "invalid_client",
            7000216,
            "'client_assertion', 'client_secret' or 'request' is required for the " +
                "'client_credentials' grant type.",
        ),
    wrongSecret: (appId: string) =>
        new StsProblem(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client " +
                `secret value, not the client secret ID, for a secret added to app '${appId}'.`,
        ),
    expiredSecret: (appId: string) =>
        new StsProblem(
            401,
            "invalid_client",
            7000222,
            `The provided client secret keys for app '${appId}' are expired. Visit the Azure portal to ` +
                "create new keys for your app: https://aka.ms/NewClientSecret, or consider using " +
                "certificate credentials for added security: https://aka.ms/certCreds.",
        ),
    scopeNotDefault: (scope: string) =>
        new StsProblem(
            400,
            "invalid_scope",
            1002012,
            `The provided value for scope ${scope} is not valid. Client credential flows must have a ` +
                "scope value with /.default suffixed to the resource identifier (application ID URI).",
        ),
    invalidScope: (scope: string) =>
        new StsProblem(
            400,
            "invalid_scope",
            70011,
            "The provided request must include a 'scope' input parameter. The provided value for the " +
                `input parameter 'scope' is not valid. The scope ${scope} is not valid.`,
        ),
    unknownResource: (resource: string, tenant: string) =>
        new StsProblem(
            400,
            "invalid_resource",
            500011,
            `The resource principal named ${resource} was not found in the tenant named ${tenant}. This ` +
                "can happen if the application has not been installed by the administrator of the tenant " +
                "or consented to by any user in the tenant. You might have sent your authentication " +
                "request to the wrong tenant.",
        ),
    malformedAssertion: (detail = "JWT token is invalid or malformed.") =>
        new StsProblem(400, "invalid_request", 50027, detail),
    wrongAssertionAudience: () =>
        new StsProblem(
            401,
            "invalid_client",
            700023,
            "Client assertion audience claim does not match Realm issuer. Review the documentation at " +
                "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
        ),
    wrongAssertionSubject: () =>
        new StsProblem(
            401,
            "invalid_client",
            700021,
            "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at " +
                "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
        ),
    assertionOutOfDate: (now: Date, from: Date, until: Date) =>
        new StsProblem(
            401,
            "invalid_client",
            700024,
            `Client assertion is not within its valid time range. Current time: ${now.toISOString()}, ` +
                `assertion valid from ${from.toISOString()}, expiry time of assertion ${until.toISOString()}. ` +
                "Review the documentation at " +
                "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
        ),
    /** @param details the text in brackets: a reason and what is known of the key */
    badAssertionSignature: (details: readonly string[]) =>
        new StsProblem(
            401,
            "invalid_client",
            700027,
            `Client assertion contains an invalid signature. [Reason - ${details.join(", ")}]`,
        ),
    unregisteredKey: (details: readonly string[]) =>
        new StsProblem(
            401,
            "invalid_client",
            700027,
            "The certificate with identifier used to sign the client assertion is not registered on " +
                `application. [Reason - ${details.join(", ")}]`,
        ),
    noFederatedCredentials: (appId: string, name: string) =>
        new StsProblem(
            401,
            "invalid_client",
            70025,
            `The client '${appId}'(${name}) has no configured federated identity credentials.`,
        ),
    noFederatedMatch: (number: 700211 | 700212 | 700213 | 7002138, what: string, value: string) =>
        new StsProblem(
            401,
            "invalid_client",
            number,
            `No matching federated identity record found for presented assertion ${what} '${value}'. ` +
                (number === 7002138
                    ? "The subject matches with case-insensitive comparison, but not with " +
                      "case-sensitive comparison. "
                    : "") +
                "Check your federated identity credential Subject, Audience and Issuer against the " +
                "presented assertion. " +
                "https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
        ),
    externalIssuerUnreachable: (issuer: string) =>
        new StsProblem(
            400,
            "invalid_request",
            50166,
            `Request to External OIDC endpoint failed. (The local emulator has issued no token as ${issuer} ` +
                "and reaches no other issuer.)",
        ),
};
