import { randomUUID } from "crypto";
import { jwtVerify, JWTPayload, SignJWT } from "jose";
import { Clock } from "../core/clock";
import { newSigningKey, readSigningKey, SigningKey, writeSigningKey } from "./signingKey";

const lifetimeSeconds = 300;

/** A token that an external identity provider gives to a workload, e.g. GitHub Actions to a job. */
export interface ExternalToken {
    /** E.g. `https://token.actions.githubusercontent.com`. */
    readonly issuer: string;
    /** E.g. `repo:owner/name:ref:refs/heads/main`. */
    readonly subject: string;
    readonly audience: string;
}

/** Each issuer with its private key, PKCS #8 PEM. */
export type ExternalIssuersSnapshot = readonly {
    readonly issuer: string;
    readonly signingKey: string;
}[];

/**
 * The identity providers outside Azure that a federated credential may name. The emulator stands in for them, since it
 * does not reach the network: it creates an issuer's key when the first token of that issuer is requested.
 */
export class ExternalIssuers {
    private readonly keys = new Map<string, SigningKey>();

    constructor(private readonly clock: Clock) {}

    /** A signed token, valid for five minutes like GitHub's. */
    async issue(wanted: ExternalToken): Promise<string> {
        const known = this.keys.get(wanted.issuer);
        const key = known ?? (await newSigningKey());
        this.keys.set(wanted.issuer, key);
        const now = Math.floor(this.clock.now() / 1000);
        return new SignJWT({ jti: randomUUID() })
            .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.jwk.kid })
            .setIssuer(wanted.issuer)
            .setSubject(wanted.subject)
            .setAudience(wanted.audience)
            .setIssuedAt(now)
            .setNotBefore(now)
            .setExpirationTime(now + lifetimeSeconds)
            .sign(key.privateKey);
    }

    /** Whether the issuer's keys are available. */
    has(issuer: string): boolean {
        return this.keys.has(issuer);
    }

    /**
     * Checks the signature and dates of a token whose issuer is known to {@link has}.
     *
     * @throws JOSEError of jose
     */
    async verify(issuer: string, token: string): Promise<JWTPayload> {
        const key = this.keys.get(issuer);
        if (key === undefined) {
            throw new Error(`unknown issuer ${issuer}`);
        }
        const { payload } = await jwtVerify(token, key.publicKey, {
            algorithms: ["RS256"],
            issuer,
            currentDate: this.clock.date(),
            requiredClaims: ["exp", "sub", "aud"],
        });
        return payload;
    }

    snapshot(): ExternalIssuersSnapshot {
        return [...this.keys].map(([issuer, key]) => ({
            issuer,
            signingKey: writeSigningKey(key),
        }));
    }

    async restore(snapshot: ExternalIssuersSnapshot): Promise<void> {
        for (const { issuer, signingKey } of snapshot) {
            this.keys.set(issuer, await readSigningKey(signingKey));
        }
    }
}
