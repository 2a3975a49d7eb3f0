import "reflect-metadata";
import { createHash, timingSafeEqual, X509Certificate } from "crypto";
import * as x509 from "@peculiar/x509";
import { isIssuedBy } from "../components/x509/certificates";
import { oneLine } from "../components/x509/distinguishedName";
import type { Credential } from "./marks";
import type { EstAuthority, EstGroup, EstPolicy } from "./policy";
import { Refusal } from "./refusal";

const day = 24 * 3600 * 1000;
const clientAuth = "1.3.6.1.5.5.7.3.2";

/** What a client proved in TLS and HTTP. */
export interface Presented {
    /** DER of the client's certificate; TLS has shown that the client has its key. Undefined: it sent none. */
    readonly certificate: Buffer | undefined;
    /** The `Authorization` header. */
    readonly authorization: string | undefined;
}

/** A certificate of the group, by which a device asks for the next one. */
export interface Renewed {
    readonly certificate: X509Certificate;
    /** The generation that signed it. */
    readonly authority: EstAuthority;
}

/** Who asks. */
export interface Identified {
    readonly deviceId: string;
    readonly credential: Credential;
    /** Undefined: a first certificate. */
    readonly renews: Renewed | undefined;
}

/**
 * Who a client is to a group: a certificate of one of its trusted generations; else a one-time secret, with which a device
 * whose certificate has expired can start anew; else a certificate of the manufacturer's CA.
 *
 * @throws Refusal
 */
export function identify(
    presented: Presented,
    group: EstGroup,
    policy: EstPolicy,
    now: Date,
): Identified {
    const certificate = presented.certificate && readCertificate(presented.certificate);
    const authority = certificate && issuerAmong(certificate, group.trusted);
    const basic = basicCredentials(presented.authorization);
    const isPresent = certificate !== undefined && endOf(certificate) > now;
    if (
        certificate !== undefined &&
        authority !== undefined &&
        (isPresent || basic === undefined)
    ) {
        checkDates(certificate, policy.graceDays, now);
        checkPurpose(certificate);
        return {
            deviceId: commonNameOf(certificate),
            credential: {
                kind: "certificate",
                thumbprint: thumbprintOf(certificate),
                end: new Date(endOf(certificate).getTime() + policy.graceDays * day),
            },
            renews: { certificate, authority },
        };
    }
    if (basic !== undefined) {
        return bySecret(basic, group, now);
    }
    if (certificate === undefined) {
        throw new Refusal("noCredentials", "neither a client certificate nor a one-time secret");
    }
    if (
        group.bootstrapPem !== undefined &&
        isIssuedBy(certificate, new X509Certificate(group.bootstrapPem))
    ) {
        checkDates(certificate, 0, now);
        checkPurpose(certificate);
        return {
            deviceId: commonNameOf(certificate),
            credential: { kind: "bootstrap" },
            renews: undefined,
        };
    }
    const other = [...policy.groups.values()].find(
        ({ trusted }) => issuerAmong(certificate, trusted) !== undefined,
    );
    throw other === undefined
        ? new Refusal(
              "untrustedIssuer",
              `no trusted CA of the group signed the certificate of ${oneLine(certificate.issuer)}`,
          )
        : new Refusal("wrongGroup", `the certificate is one of the group ${other.name}`);
}

/**
 * The group of a client that names none: strongSwan leaves it out when it asks again after a 202.
 *
 * @returns its name
 * @throws Refusal if the credentials fit no group, or several of which the settings name none for the device
 */
export function groupOf({ certificate: der, authorization }: Presented, policy: EstPolicy): string {
    const certificate = der && readCertificate(der);
    const basic = basicCredentials(authorization);
    if (certificate === undefined && basic === undefined) {
        throw new Refusal("noCredentials", "neither a client certificate nor a one-time secret");
    }
    const groups = [...policy.groups.values()];
    const fitting = [
        groups.filter(({ trusted }) => certificate && issuerAmong(certificate, trusted)),
        groups.filter(({ secrets }) => basic && secrets.has(basic.user)),
        groups.filter(
            ({ bootstrapPem }) =>
                certificate &&
                bootstrapPem !== undefined &&
                isIssuedBy(certificate, new X509Certificate(bootstrapPem)),
        ),
    ].find((found) => found.length > 0);
    const deviceId = certificate === undefined ? basic?.user : commonNameOf(certificate);
    const listed = policy.devices.get(deviceId ?? "")?.group;
    const [first, ...others] = fitting ?? [];
    const found = others.length === 0 ? first : fitting?.find(({ name }) => name === listed);
    if (found === undefined) {
        const count = fitting?.length ?? 0;
        throw new Refusal(
            "unknownGroup",
            `the path names no group, and the client fits ${count}: write .well-known/est/GROUP/`,
        );
    }
    return found.name;
}

function readCertificate(der: Buffer): X509Certificate {
    try {
        return new X509Certificate(der);
    } catch {
        throw new Refusal("untrustedIssuer", "the client certificate cannot be read");
    }
}

function issuerAmong(
    certificate: X509Certificate,
    authorities: readonly EstAuthority[],
): EstAuthority | undefined {
    return authorities.find(({ certificatePem }) =>
        isIssuedBy(certificate, new X509Certificate(certificatePem)),
    );
}

function checkDates(certificate: X509Certificate, graceDays: number, now: Date): void {
    if (new Date(certificate.validFrom) > now) {
        throw new Refusal("notYetValid", `valid from ${certificate.validFrom}`);
    }
    if (endOf(certificate).getTime() + graceDays * day <= now.getTime()) {
        throw new Refusal(
            "expired",
            `expired on ${certificate.validTo}; the grace is ${graceDays} days (est.graceDays)`,
        );
    }
}

/** RFC 5280, 4.2.1.12: a certificate without the extension is for any purpose. A CA is no device. */
function checkPurpose(certificate: X509Certificate): void {
    // The declarations of Node say otherwise.
    const purposes = certificate.keyUsage as readonly string[] | undefined;
    if (certificate.ca || (purposes !== undefined && !purposes.includes(clientAuth))) {
        throw new Refusal("notForClients", "the certificate is not one for TLS clients");
    }
}

function commonNameOf(certificate: X509Certificate): string {
    const names = new x509.X509Certificate(new Uint8Array(certificate.raw)).subjectName.getField(
        "CN",
    );
    if (names.length !== 1) {
        throw new Refusal("otherName", `the certificate has ${names.length} common names`);
    }
    return names[0];
}

function endOf(certificate: X509Certificate): Date {
    return new Date(certificate.validTo);
}

/** SHA-256, upper-case hex. */
export function thumbprintOf(certificate: X509Certificate): string {
    return certificate.fingerprint256.replace(/:/g, "");
}

interface Basic {
    readonly user: string;
    readonly password: string;
}

/** RFC 7617; undefined: another scheme, or none. */
function basicCredentials(authorization: string | undefined): Basic | undefined {
    const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? "") ?? [];
    const text = Buffer.from(encoded ?? "", "base64").toString("utf8");
    const at = text.indexOf(":");
    return at < 1 ? undefined : { user: text.slice(0, at), password: text.slice(at + 1) };
}

function bySecret({ user, password }: Basic, group: EstGroup, now: Date): Identified {
    const wanted = group.secrets.get(user);
    const given = createHash("sha256").update(password).digest();
    const isRight = timingSafeEqual(given, Buffer.from(wanted?.sha256 ?? "0".repeat(64), "hex"));
    if (wanted === undefined || !isRight) {
        throw new Refusal("wrongSecret", `not a one-time secret of the group ${group.name}`);
    }
    if (Date.parse(wanted.expires) <= now.getTime()) {
        throw new Refusal("secretExpired", `the secret expired on ${wanted.expires}`);
    }
    return {
        deviceId: user,
        credential: { kind: "secret", sha256: wanted.sha256 },
        renews: undefined,
    };
}
