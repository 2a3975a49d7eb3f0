import type { TokenCredential } from "@azure/identity";
import { AzureClient, AzureError } from "./client";
import { AzureLogin } from "./login";

const subscriptionsVersion = "2022-12-01";

/** The principal that an access token was issued to. */
export interface Identity {
    readonly tenantId: string;
    readonly objectId: string;
    /** Principal type in role assignments. */
    readonly type: "User" | "ServicePrincipal";
}

/**
 * Claims of a token for Resource Manager (Microsoft Learn: "Access token claims reference").
 *
 * @throws Error with the identity library's message if there is no token
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

/** Decides by `idtyp`, whatever client signed in; if it is missing, only tokens of users have scopes. */
function principalType(claims: Readonly<Record<string, unknown>>): Identity["type"] {
    const isUser = claims.idtyp === undefined ? claims.scp !== undefined : claims.idtyp === "user";
    return isUser ? "User" : "ServicePrincipal";
}

/**
 * Reads the subscription, so that a login that belongs to another tenant or cannot see the subscription fails here, not
 * after minutes of waiting for a role. A login that may not read the subscription itself passes.
 *
 * @throws AzureError that names the remedy
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
