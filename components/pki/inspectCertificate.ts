import "reflect-metadata";
import { KeyObject, X509Certificate } from "crypto";
import * as x509 from "@peculiar/x509";
import { publicKeyId } from "./certificates";
import { isSameName } from "./distinguishedName";
import { Finding, Inspection, singlePemBlock } from "./pem";
import { keyFinding, keyName, publicKeyOf, strongKeyRule } from "./publicKey";

/** A certificate that came from outside, with what the checks of it need. */
export interface GivenCertificate {
    /** As OpenSSL writes it, however the file does. */
    readonly pem: string;
    readonly commonNames: readonly string[];
    readonly keyName: string;
    /** SHA-256 of the SubjectPublicKeyInfo, hex: one for all encodings of a key. */
    readonly publicKeyId: string;
    readonly notBefore: Date;
    readonly notAfter: Date;
    /** SHA-256 of the DER, upper-case hex. */
    readonly sha256Thumbprint: string;
    readonly x509: X509Certificate;
    /** `undefined`: no basicConstraints, as in every X.509 v1 certificate. */
    readonly basicConstraints: { readonly ca: boolean; readonly pathLength?: number } | undefined;
    /** `undefined`: no keyUsage, which restricts nothing (RFC 5280, 6.1.4 (n)). */
    readonly mayCertSign: boolean | undefined;
    readonly signatureHash: string | undefined;
}

/**
 * Reads the single certificate of a file and checks what every certificate must meet: a strong key, valid at `now`.
 *
 * @param now undefined: its dates are not judged
 * @param mayHaveEnded of a CA that is in use: its end must not keep anybody from replacing it
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
            "a block that is no X.509 structure",
            "is a certificate (X.509)",
            "copy the certificate again; look at it with: openssl x509 -in FILE -text",
        );
    }
    const { certificate, fields, key } = parsed;
    if (key === undefined) {
        return unreadable(
            "a key that OpenSSL does not know or that is no point of its curve",
            strongKeyRule,
            "make the certificate again with a new key: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out NEW.key",
        );
    }
    const finding = keyFinding(
        Buffer.from(fields.publicKey.rawData),
        key,
        "make the certificate again with a new, stronger key",
        "rewrite the key with its curve's name, openssl ec -in OLD.key -param_enc named_curve -out NAMED.key, and make the certificate again with it",
    );
    if (finding !== undefined) {
        return { facts: undefined, findings: [finding] };
    }
    const facts = factsOf(certificate, fields, key);
    return { facts, findings: now ? validityFindings(facts, now, mayHaveEnded) : [] };
}

function unreadable(value: string, rule: string, remedy: string): Inspection<never> {
    return { facts: undefined, findings: [{ value, rule, remedy }] };
}

/** What makes a certificate a CA (RFC 5280, 4.2.1.3 and 4.2.1.9). */
export function caFindings(certificate: GivenCertificate): Finding[] {
    const findings: Finding[] = [];
    if (!certificate.basicConstraints?.ca) {
        findings.push({
            value: certificate.basicConstraints
                ? "CA:FALSE"
                : "no basicConstraints, as in X.509 version 1",
            rule: "is a CA certificate: basicConstraints CA:TRUE",
            remedy: "sign it again with -extfile FILE, where FILE says basicConstraints=critical,CA:TRUE and keyUsage=critical,keyCertSign,cRLSign",
        });
    } else if (certificate.mayCertSign === false) {
        findings.push({
            value: "a keyUsage without keyCertSign",
            rule: "may sign certificates: keyUsage keyCertSign",
            remedy: "sign it again with keyUsage=critical,keyCertSign,cRLSign",
        });
    }
    if (certificate.commonNames.length !== 1) {
        findings.push({
            value: `${certificate.commonNames.length} common names`,
            rule: "the subject has exactly one common name",
            remedy: "make the certificate again with one CN in its subject",
        });
    }
    return findings;
}

/** What is worth a word about a CA certificate that is good. */
export function caWarnings(certificate: GivenCertificate): Finding[] {
    return certificate.basicConstraints?.ca && certificate.mayCertSign === undefined
        ? [
              {
                  value: "no keyUsage",
                  rule: "a CA that conforms to RFC 5280 (4.2.1.3) has keyUsage keyCertSign; path validation takes one without it (6.1.4 (n))",
                  remedy: "nothing has to be done; when you make it again, add keyUsage=critical,keyCertSign,cRLSign",
              },
          ]
        : [];
}

/** What makes a CA certificate a root that can have intermediates below it. */
export function rootFindings(certificate: GivenCertificate): Finding[] {
    const findings = caFindings(certificate);
    if (!isSignedBy(certificate, certificate)) {
        const issuer = oneLine(certificate.x509.issuer);
        findings.push({
            value: isSameName(certificate.x509.issuer, certificate.x509.subject)
                ? "not signed with its own key"
                : `not self-signed, issued by ${issuer}`,
            rule: "is a self-signed root; a CA below another root is not supported as the root here",
            remedy: `give the certificate of the root itself (${issuer}), whose key then signs each group's intermediate, or make a root for the devices alone`,
        });
    }
    if (certificate.basicConstraints?.pathLength === 0) {
        findings.push({
            value: "pathlen:0",
            rule: "allows one CA below it: pathlen of 1 or more, or none",
            remedy: "make the root's certificate again with basicConstraints=critical,CA:TRUE,pathlen:1",
        });
    }
    return findings;
}

/** What makes a certificate one that this issuer signed, soundly and within its own validity. */
export function issuedFindings(certificate: GivenCertificate, issuer: GivenCertificate): Finding[] {
    const findings: Finding[] = [];
    if (!isSignedBy(certificate, issuer)) {
        findings.push({
            value: `issued by ${oneLine(certificate.x509.issuer)}`,
            rule: `is signed with the key of the root ${oneLine(issuer.x509.subject)}`,
            remedy: "sign the request again with the key that belongs to pki.root.certificate",
        });
    }
    if (!["SHA-256", "SHA-384", "SHA-512"].includes(certificate.signatureHash ?? "")) {
        findings.push({
            value: `signed with ${certificate.signatureHash ?? "an unknown hash"}`,
            rule: "is signed with SHA-256, SHA-384 or SHA-512",
            remedy: "sign it again with: openssl x509 -req -sha256 …",
        });
    }
    if (certificate.notAfter > issuer.notAfter) {
        findings.push({
            value: `valid until ${isoDay(certificate.notAfter)}`,
            rule: `ends with its issuer at the latest, ${isoDay(issuer.notAfter)}`,
            remedy: "sign it again with fewer -days, or renew the root",
        });
    }
    return findings;
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
                rule: "has not expired",
                remedy: "renew the certificate and give the new file",
            },
        ];
    }
    if (certificate.notBefore > now) {
        return [
            {
                value: `valid from ${isoDay(certificate.notBefore)}`,
                rule: "is valid already",
                remedy: "wait until then, or make it again; if the date looks right, check this machine's clock",
            },
        ];
    }
    return [];
}

function isSignedBy(certificate: GivenCertificate, issuer: GivenCertificate): boolean {
    const named = certificate.x509.issuer;
    const { subject, publicKey } = issuer.x509;
    return (named === subject || isSameName(named, subject)) && certificate.x509.verify(publicKey);
}

function oneLine(distinguishedName: string): string {
    return distinguishedName.split("\n").join(", ");
}

function isoDay(date: Date): string {
    return date.toISOString().slice(0, 10);
}
