import { randomBytes } from "crypto";
import { decodeJwt, errors, JWTPayload, jwtVerify, SignJWT } from "jose";
import { Clock } from "../core/clock";
import { Cloud, clouds } from "../core/clouds";
import { Directory } from "./directory";
import { ExternalIssuers, ExternalIssuersSnapshot, ExternalToken } from "./externalIssuers";
import { ServicePrincipal } from "./model";
import { Principal } from "./principal";
import { audiencesOf } from "./resources";
import { newSigningKey, readSigningKey, SigningKey, writeSigningKey } from "./signingKey";

/** Entra backdates the start of a token's validity a little, to allow for slow clocks. */
const backdatedSeconds = 300;

/** Lifetime of an application's access token, in seconds. */
export const tokenLifetimeSeconds = 3599;

/** Why an access token was refused: one of Azure Resource Manager's error codes and its text. */
export class TokenProblem extends Error {
    constructor(
        readonly code: string,
        readonly description: string,
        /** The tenant that a client should get a token from. */
        readonly tenantId: string,
    ) {
        super(description);
    }
}

/** Private keys, PKCS #8 PEM. */
export interface TokensSnapshot {
    readonly signingKey: string;
    readonly externalIssuers: ExternalIssuersSnapshot;
}

export interface TokenRequest {
    readonly principal: ServicePrincipal;
    /** Where it signed in. */
    readonly tenantId: string;
    /** Copied to `aud` unchanged. */
    readonly audience: string;
    readonly cloud: Cloud;
    /** How the application authenticated: with its secret, or with a key of its own. */
    readonly proof: "secret" | "key";
}

/** Issues and checks access tokens: JWTs of Entra's version 1.0, which Azure's own services request. */
export class Tokens {
    private constructor(
        private readonly clock: Clock,
        private readonly directory: Directory,
        private readonly key: SigningKey,
        private readonly issuers: ExternalIssuers,
    ) {}

    /** Takes the keys from the snapshot, or creates them. */
    static async create(
        clock: Clock,
        directory: Directory,
        snapshot?: TokensSnapshot,
    ): Promise<Tokens> {
        const issuers = new ExternalIssuers(clock);
        if (snapshot === undefined) {
            return new Tokens(clock, directory, await newSigningKey(), issuers);
        }
        await issuers.restore(snapshot.externalIssuers);
        return new Tokens(clock, directory, await readSigningKey(snapshot.signingKey), issuers);
    }

    snapshot(): TokensSnapshot {
        return {
            signingKey: writeSigningKey(this.key),
            externalIssuers: this.issuers.snapshot(),
        };
    }

    /** The keys for checking access tokens (RFC 7517). */
    jwks(issuer: string): { readonly keys: readonly object[] } {
        return { keys: [{ ...this.key.jwk, issuer }] };
    }

    /** A token of an external identity provider, which a federated identity credential may trust. */
    issueExternal(wanted: ExternalToken): Promise<string> {
        return this.issuers.issue(wanted);
    }

    get external(): ExternalIssuers {
        return this.issuers;
    }

    /** Issues an app-only token, with the claims of Microsoft's "Access token claims reference". */
    issue(request: TokenRequest): Promise<string> {
        const { principal, tenantId, audience, cloud, proof } = request;
        const now = Math.floor(this.clock.now() / 1000);
        const issuer = issuerOf(cloud, tenantId);
        return new SignJWT({
            appid: principal.appId,
            appidacr: proof === "secret" ? "1" : "2",
            idp: issuer,
            idtyp: "app",
            oid: principal.id,
            tid: tenantId,
            uti: randomBytes(16).toString("base64url"),
            ver: "1.0",
            ...(audiencesOf("graph", cloud).includes(audience)
                ? { roles: principal.graphRights ?? [] }
                : {}),
        })
            .setProtectedHeader({
                typ: "JWT",
                alg: "RS256",
                x5t: this.key.jwk.kid,
                kid: this.key.jwk.kid,
            })
            .setIssuer(issuer)
            .setAudience(audience)
            .setSubject(principal.id)
            .setIssuedAt(now - backdatedSeconds)
            .setNotBefore(now - backdatedSeconds)
            .setExpirationTime(now + tokenLifetimeSeconds)
            .sign(this.key.privateKey);
    }

    /**
     * Checks a Bearer token: signature, issuer, dates by the emulator's clock, audience.
     *
     * @param audiences the values of `aud` that the service accepts, compared exactly
     * @param tenantIds the tenants whose tokens it accepts; errors name the first. Default: the first tenant.
     * @throws TokenProblem
     */
    async verify(
        authorizationHeader: string | undefined,
        audiences: readonly string[],
        tenantIds: readonly string[] = [this.directory.tenantId],
    ): Promise<Principal> {
        const [tenantId] = tenantIds;
        if (authorizationHeader === undefined) {
            throw new TokenProblem(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
                tenantId,
            );
        }
        const [, token] = /^Bearer +(\S+)$/i.exec(authorizationHeader.trim()) ?? [];
        if (token === undefined) {
            throw new TokenProblem(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is provided in an invalid format.",
                tenantId,
            );
        }
        const claims = await this.claims(token, tenantIds);
        const audience = String(claims.aud);
        if (!audiences.includes(audience)) {
            throw new TokenProblem(
                "InvalidAuthenticationTokenAudience",
                `The access token has been obtained for wrong audience or resource '${audience}'. ` +
                    `It should exactly match with one of the allowed audiences '${audiences.join("','")}'.`,
                tenantId,
            );
        }
        return {
            tenantId: String(claims.tid),
            objectId: String(claims.oid),
            appId: String(claims.appid),
        };
    }

    private async claims(token: string, tenantIds: readonly string[]): Promise<JWTPayload> {
        try {
            const { payload } = await jwtVerify(token, this.key.publicKey, {
                algorithms: ["RS256"],
                issuer: clouds.flatMap((cloud) => tenantIds.map((id) => issuerOf(cloud, id))),
                currentDate: this.clock.date(),
                requiredClaims: ["aud", "exp", "nbf", "oid", "tid", "appid"],
            });
            return payload;
        } catch (error) {
            throw this.refusal(token, error, tenantIds[0]);
        }
    }

    private refusal(token: string, error: unknown, tenantId: string): TokenProblem {
        if (error instanceof errors.JWTExpired) {
            const expiry = new Date((decodeJwt(token).exp as number) * 1000);
            return new TokenProblem(
                "ExpiredAuthenticationToken",
                `The access token expiry UTC time '${usTime(expiry)}' is earlier than ` +
                    `current UTC time '${usTime(this.clock.date())}'.`,
                tenantId,
            );
        }
        if (error instanceof errors.JWTClaimValidationFailed && error.claim === "iss") {
            return new TokenProblem(
                "InvalidAuthenticationTokenTenant",
                `The access token is from the wrong issuer '${String(error.payload.iss)}'. It must match ` +
                    `the tenant 'https://sts.windows.net/${tenantId}/' associated with this subscription. ` +
                    "Please use the authority (URL) " +
                    `'https://login.windows.net/${tenantId}' to get the token. Note, if the subscription is ` +
                    "transferred to another tenant there is no impact to the services, but information about " +
                    "new tenant could take time to propagate (up to an hour). If you just transferred your " +
                    "subscription and see this error message, please try back later.",
                tenantId,
            );
        }
        if (error instanceof errors.JOSEError) {
            return new TokenProblem(
                "InvalidAuthenticationToken",
                "The access token is invalid.",
                tenantId,
            );
        }
        throw error;
    }
}

/** The issuer of version 1.0 tokens; the US Government cloud uses the same one as the public cloud. */
export function issuerOf(cloud: Cloud, tenantId: string): string {
    const host = cloud.name === "AzureChinaCloud" ? "sts.chinacloudapi.cn" : "sts.windows.net";
    return `https://${host}/${tenantId}/`;
}

/** The format of times in these texts: `5/2/2016 3:11:40 PM`. */
function usTime(date: Date): string {
    return date.toLocaleString("en-US", { timeZone: "UTC" }).replace(",", "");
}
