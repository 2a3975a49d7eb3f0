import type { TokenCredential } from "@azure/identity";
import { AzureClient, AzureError } from "./client";
import { AzureLogin } from "./login";

const subscriptionsVersion = "2022-12-01";

/** What an access token says of whom it speaks for. */
export interface Identity {
    readonly tenantId: string;
    readonly objectId: string;
    /** What the principal is to a role assignment. */
    readonly type: "User" | "ServicePrincipal";
}

/**
 * Claims of a token for Resource Manager (Microsoft Learn: "Access token claims reference").
 *
 * @throws Error when there is no token, in the words of the identity library
 */
export async function identityOf(credential: TokenCredential, scope: string): Promise<Identity> {
    const token = await credential.getToken(scope);
    const payload = token?.token.split(".")[1] ?? "";
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Readonly<
        Record<string, unknown>
    >;
    return {
        tenantId: String(claims.tid),
        objectId: String(claims.oid),
        type: principalType(claims),
    };
}

/** Whatever client the login was made with: `idtyp` says it, and where that is missing, users' tokens alone have scopes. */
function principalType(claims: Readonly<Record<string, unknown>>): Identity["type"] {
    const isUser = claims.idtyp === undefined ? claims.scp !== undefined : claims.idtyp === "user";
    return isUser ? "User" : "ServicePrincipal";
}

/**
 * Asks for the subscription, so that a login of another tenant, or one that does not see it, ends here and not after
 * minutes of waiting for a role. That the login may not read the subscription itself is no obstacle.
 *
 * @throws AzureError with the remedy
 */
export async function confirmSubscription(
    { cloud, credential }: Pick<AzureLogin, "cloud" | "credential">,
    subscriptionId: string,
): Promise<void> {
    try {
        await new AzureClient(credential, cloud.armScope).send({
            method: "GET",
            url: `${cloud.arm}/subscriptions/${subscriptionId}?api-version=${subscriptionsVersion}`,
            expect: [200],
        });
    } catch (error) {
        if (!(error instanceof AzureError && error.status === 403)) {
            throw error;
        }
    }
}
