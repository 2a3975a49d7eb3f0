import type { TokenCredential } from "@azure/identity";
import { Values } from "../frame/values";

export async function tokenFor(
    credential: TokenCredential,
    scope: string,
    signal: AbortSignal,
): Promise<string> {
    const token = await credential.getToken(scope, { abortSignal: signal });
    if (token === null) {
        throw new Error(`no token for ${scope}`);
    }
    return token.token;
}

/** The payload of a JWT (RFC 7519, section 3). Its issuer is left for the service to check. */
export function claimsOf(token: string): Values {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Values;
}
