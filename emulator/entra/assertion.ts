import { createHash, X509Certificate } from "crypto";
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, JWTPayload } from "jose";
import { Clock } from "../core/clock";
import { ExternalIssuers } from "./externalIssuers";
import { Application, FederatedIdentityCredential, KeyCredential } from "./model";
import { sts } from "./stsErrors";

// MSAL signs with PS256 if it may name the key by its SHA-256 thumbprint, and with RS256 otherwise.
const certificateAlgorithms = ["RS256", "PS256"];

// Entra's tolerance for clock differences.
const skewSeconds = 300;

export interface AssertionContext {
    readonly clock: Clock;
    readonly issuers: ExternalIssuers;
    /** The accepted values of `aud` in an application's own assertion: the token endpoints that it can be sent to. */
    readonly tokenEndpoints: readonly string[];
}

/**
 * Validates a client assertion (RFC 7523): one that the application signed with its certificate, or the token of an
 * external issuer that a federated identity credential of the application trusts. Entra accepts a `jti` more than once,
 * and MSAL for Python sends an assertion more than once.
 *
 * @throws StsProblem
 */
export async function verifyAssertion(
    application: Application,
    assertion: string,
    context: AssertionContext,
): Promise<void> {
    let claims: JWTPayload;
    try {
        claims = decodeJwt(assertion);
        decodeProtectedHeader(assertion);
    } catch {
        throw sts.malformedAssertion();
    }
    if (claims.iss?.toLowerCase() === application.appId) {
        await verifyOwn(application, assertion, claims, context);
    } else {
        await verifyFederated(application, assertion, claims, context);
    }
}

/** Microsoft docs: "Microsoft identity platform application authentication certificate credentials". */
async function verifyOwn(
    application: Application,
    assertion: string,
    claims: JWTPayload,
    context: AssertionContext,
): Promise<void> {
    const key = signingCertificate(application, assertion);
    const known = `Thumbprint of key used by client: '${key.customKeyIdentifier}'`;
    const found = `Found key 'Start=${key.startDateTime}, End=${key.endDateTime}'`;
    if (Date.parse(key.endDateTime) < context.clock.now()) {
        throw sts.badAssertionSignature(["The key used is expired.", known, found]);
    }
    try {
        const certificate = new X509Certificate(Buffer.from(key.key, "base64"));
        await compactVerify(assertion, certificate.publicKey, {
            algorithms: certificateAlgorithms,
        });
    } catch (error) {
        throwUnlessJose(error);
        const reason = "The provided signature value did not match the expected signature value.";
        throw sts.badAssertionSignature([reason, known, found]);
    }
    if (claims.sub?.toLowerCase() !== application.appId) {
        throw sts.wrongAssertionSubject();
    }
    const audiences = [claims.aud ?? []].flat();
    if (!audiences.some((audience) => context.tokenEndpoints.includes(audience))) {
        throw sts.wrongAssertionAudience();
    }
    checkDates(claims, context.clock);
}

/** The registered certificate that the header names by its SHA-1 (`x5t`) or SHA-256 (`x5t#S256`) thumbprint. */
function signingCertificate(application: Application, assertion: string): KeyCredential {
    const header = decodeProtectedHeader(assertion) as { x5t?: string; "x5t#S256"?: string };
    const named = header["x5t#S256"] ?? header.x5t;
    if (named === undefined) {
        throw sts.malformedAssertion(
            "Invalid JWT token. No certificate thumbprint specified in token header.",
        );
    }
    const algorithm = header["x5t#S256"] === undefined ? "sha1" : "sha256";
    const wanted = Buffer.from(named, "base64url");
    const found = application.keys.find((key) =>
        createHash(algorithm).update(Buffer.from(key.key, "base64")).digest().equals(wanted),
    );
    if (found === undefined) {
        const print = wanted.toString("hex").toUpperCase();
        throw sts.unregisteredKey([
            "The key was not found.",
            `Thumbprint of key used by client: '${print}'`,
            `Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '${application.appId}'.`,
        ]);
    }
    return found;
}

/** Microsoft docs: "Workload identity federation"; issuer and subject are case-sensitive. */
async function verifyFederated(
    application: Application,
    assertion: string,
    claims: JWTPayload,
    { clock, issuers }: AssertionContext,
): Promise<void> {
    const { iss: issuer = "" } = claims;
    matchFederated(application, claims);
    if (!issuers.has(issuer)) {
        throw sts.externalIssuerUnreachable(issuer);
    }
    checkDates(claims, clock);
    try {
        await issuers.verify(issuer, assertion);
    } catch (error) {
        throwUnlessJose(error);
        throw sts.badAssertionSignature(["The key was not found."]);
    }
}

function matchFederated(application: Application, claims: JWTPayload): FederatedIdentityCredential {
    const { iss: issuer = "", sub: subject = "" } = claims;
    if (application.federated.length === 0) {
        throw sts.noFederatedCredentials(
            application.appId,
            String(application.properties.displayName),
        );
    }
    const sameIssuer = application.federated.filter((one) => one.issuer === issuer);
    if (sameIssuer.length === 0) {
        throw sts.noFederatedMatch(700211, "issuer", issuer);
    }
    const sameSubject = sameIssuer.filter((one) => one.subject === subject);
    if (sameSubject.length === 0) {
        const onlyCase = sameIssuer.some(
            (one) => one.subject.toLowerCase() === subject.toLowerCase(),
        );
        throw sts.noFederatedMatch(onlyCase ? 7002138 : 700213, "subject", subject);
    }
    const audiences = [claims.aud ?? []].flat();
    const match = sameSubject.find((one) => one.audiences.some((aud) => audiences.includes(aud)));
    if (match === undefined) {
        throw sts.noFederatedMatch(700212, "audience", audiences.join(","));
    }
    return match;
}

function checkDates(claims: JWTPayload, clock: Clock): void {
    const now = clock.now() / 1000;
    const from = claims.nbf ?? claims.iat ?? 0;
    const until = claims.exp ?? 0;
    if (from > now + skewSeconds || until < now - skewSeconds) {
        throw sts.assertionOutOfDate(clock.date(), time(from), time(until));
    }
}

/** Numeric dates (RFC 7519 section 2) outside the range of Date are read as the epoch. */
function time(seconds: number): Date {
    const date = new Date(seconds * 1000);
    return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

function throwUnlessJose(error: unknown): void {
    if (!(error instanceof errors.JOSEError)) {
        throw error;
    }
}
