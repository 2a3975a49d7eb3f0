import "reflect-metadata";
import { KeyObject, X509Certificate } from "crypto";
import * as x509 from "@peculiar/x509";
import { publicKeyId } from "./certificates";
import { isSameName } from "./distinguishedName";
import { Finding, Inspection, singlePemBlock } from "./pem";
import { keyFinding, keyName, publicKeyOf, strongKeyRule } from "./publicKey";

/** A certificate that was supplied from outside, with what its checks need. */
export interface GivenCertificate {
    /** As OpenSSL writes it, whatever the form of the file. */
    readonly pem: string;
    readonly commonNames: readonly string[];
    readonly keyName: string;
    /** SHA-256 of the SubjectPublicKeyInfo, hex: the same for all encodings of a key. */
    readonly publicKeyId: string;
    readonly notBefore: Date;
    readonly notAfter: Date;
    /** SHA-256 of the DER, upper-case hex. */
    readonly sha256Thumbprint: string;
    readonly x509: X509Certificate;
    /** Its fields and extensions. */
    readonly fields: x509.X509Certificate;
    readonly key: KeyObject;
    /** `undefined`: no basicConstraints, as in every X.509 v1 certificate. */
    readonly basicConstraints: { readonly ca: boolean; readonly pathLength?: number } | undefined;
    /** `undefined`: no keyUsage, which restricts nothing (RFC 5280, 6.1.4 (n)). */
    readonly mayCertSign: boolean | undefined;
    readonly signatureHash: string | undefined;
}

/**
 * Reads the single certificate of a file and checks what every certificate must meet: a strong key, valid at `now`.
 *
 * @param now undefined: dates are not checked
 * @param mayHaveEnded for a CA in use: its expiry must not keep anybody from replacing it
 */
export function inspectCertificate(
    content: Buffer | string,
    now: Date | undefined,
    mayHaveEnded = false,
): Inspection<GivenCertificate> {
    const block = singlePemBlock(content, "CERTIFICATE");
    if (block.facts === undefined) {
        return { facts: undefined, findings: block.findings };
    }
    const parsed = parse(block.facts);
    if (parsed === undefined) {
        return unreadable(
            "a block that is not an X.509 structure",
            "must be a certificate (X.509)",
            "copy the certificate again; inspect it with: openssl x509 -in FILE -text",
        );
    }
    const { certificate, fields, key } = parsed;
    if (key === undefined) {
        return unreadable(
            "a key that OpenSSL does not support or that is not a point on its curve",
            strongKeyRule,
            withNewKey,
        );
    }
    const finding = keyFinding(
        Buffer.from(fields.publicKey.rawData),
        key,
        withNewKey,
        "rewrite the key with its curve's name, openssl ec -in OLD.key -param_enc named_curve -out NAMED.key, and create the certificate again with it",
    );
    if (finding !== undefined) {
        return { facts: undefined, findings: [finding] };
    }
    const facts = factsOf(certificate, fields, key);
    return { facts, findings: now ? validityFindings(facts, now, mayHaveEnded) : [] };
}

/** How to make a certificate with another key. */
export const withNewKey =
    "create the certificate again with a new key: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out NEW.key";

function unreadable(value: string, rule: string, remedy: string): Inspection<never> {
    return { facts: undefined, findings: [{ value, rule, remedy }] };
}

/** What prevents a certificate from being a device's own: its key holder could sign others (RFC 5280, 4.2.1.9, 4.2.1.3). */
export function deviceFindings(certificate: GivenCertificate): Finding[] {
    const { basicConstraints, mayCertSign } = certificate;
    if ((!basicConstraints?.ca && !mayCertSign) || isOpenSslDefault(certificate)) {
        return [];
    }
    return [
        {
            value: `a CA's certificate: ${basicConstraints?.ca ? "basicConstraints CA:TRUE" : "keyUsage keyCertSign"}`,
            rule: "a device's certificate must not be a CA certificate: CA:FALSE or no basicConstraints, and no keyCertSign",
            remedy:
                "use the device's own certificate; create a self-signed one with: openssl req -x509 -new -key DEVICE.key -sha256 -days 365 -subj /CN=DEVICE-ID " +
                "-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=clientAuth -out FILE",
        },
    ];
}

/** Warnings about a device's certificate that is otherwise good. */
export function deviceWarnings(certificate: GivenCertificate): Finding[] {
    return isOpenSslDefault(certificate)
        ? [
              {
                  value: "basicConstraints CA:TRUE",
                  rule: "a device's certificate should not be a CA certificate; OpenSSL makes a self-signed one a CA by default",
                  remedy: "nothing needs to be done now; when you create it again, add -addext basicConstraints=critical,CA:FALSE",
              },
          ]
        : [];
}

/** Plain `openssl req -x509` makes a CA certificate of anything: self-signed, with neither pathLength nor keyUsage. */
function isOpenSslDefault({ basicConstraints, mayCertSign, x509 }: GivenCertificate): boolean {
    return (
        basicConstraints?.ca === true &&
        basicConstraints.pathLength === undefined &&
        mayCertSign === undefined &&
        isSameName(x509.issuer, x509.subject)
    );
}

interface ParsedCertificate {
    readonly certificate: X509Certificate;
    readonly fields: x509.X509Certificate;
    /** Undefined: of a kind that OpenSSL does not know. */
    readonly key: KeyObject | undefined;
}

function parse(der: Buffer): ParsedCertificate | undefined {
    try {
        const certificate = new X509Certificate(der);
        const fields = new x509.X509Certificate(new Uint8Array(certificate.raw));
        return { certificate, fields, key: keyOf(certificate) };
    } catch {
        return undefined;
    }
}

function keyOf(certificate: X509Certificate): KeyObject | undefined {
    try {
        return certificate.publicKey;
    } catch {
        return undefined;
    }
}

function factsOf(
    certificate: X509Certificate,
    fields: x509.X509Certificate,
    key: KeyObject,
): GivenCertificate {
    const constraints = fields.getExtension(x509.BasicConstraintsExtension);
    const usage = fields.getExtension(x509.KeyUsagesExtension);
    const { hash } = fields.signatureAlgorithm as { hash?: { name: string } };
    return {
        pem: certificate.toString(),
        commonNames: fields.subjectName.getField("CN"),
        keyName: keyName(key),
        publicKeyId: publicKeyId(publicKeyOf(key)),
        notBefore: fields.notBefore,
        notAfter: fields.notAfter,
        sha256Thumbprint: certificate.fingerprint256.replace(/:/g, ""),
        x509: certificate,
        fields,
        key,
        basicConstraints: constraints
            ? { ca: constraints.ca, pathLength: constraints.pathLength }
            : undefined,
        mayCertSign: usage ? (usage.usages & x509.KeyUsageFlags.keyCertSign) !== 0 : undefined,
        signatureHash: hash?.name,
    };
}

function validityFindings(
    certificate: GivenCertificate,
    now: Date,
    mayHaveEnded: boolean,
): Finding[] {
    if (certificate.notAfter <= now && !mayHaveEnded) {
        return [
            {
                value: `valid until ${isoDay(certificate.notAfter)}`,
                rule: "must not have expired",
                remedy: "renew the certificate and use the new file",
            },
        ];
    }
    if (certificate.notBefore > now) {
        return [
            {
                value: `valid from ${isoDay(certificate.notBefore)}`,
                rule: "must already be valid",
                remedy: "wait until then, or create it again; if the date looks right, check this machine's clock",
            },
        ];
    }
    return [];
}

/** A date as messages show it. */
export function isoDay(date: Date): string {
    return date.toISOString().slice(0, 10);
}
