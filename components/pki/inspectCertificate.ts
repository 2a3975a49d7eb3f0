import "reflect-metadata";
import { createHash, X509Certificate } from "crypto";
import * as x509 from "@peculiar/x509";
import { Finding, Inspection, singlePemBlock } from "./pem";
import { isStrongKey, keyName, strongKeyRule } from "./publicKey";

/** A certificate that came from outside, with what the checks of it need. */
export interface GivenCertificate {
    readonly pem: string;
    readonly commonNames: readonly string[];
    readonly keyName: string;
    readonly notBefore: Date;
    readonly notAfter: Date;
    /** SHA-256 of the DER, upper-case hex. */
    readonly sha256Thumbprint: string;
    readonly x509: X509Certificate;
    /** `undefined`: no basicConstraints, as in every X.509 v1 certificate. */
    readonly basicConstraints: { readonly ca: boolean; readonly pathLength?: number } | undefined;
    readonly mayCertSign: boolean;
    readonly signatureHash: string | undefined;
}

/**
 * Reads the single certificate of a file and checks what every certificate must meet: a strong key, valid at `now`.
 *
 * @param now undefined: its dates are not judged
 */
export function inspectCertificate(
    content: Buffer | string,
    now: Date | undefined,
): Inspection<GivenCertificate> {
    const block = singlePemBlock(content, "CERTIFICATE");
    if (block.facts === undefined) {
        return { facts: undefined, findings: block.findings };
    }
    const facts = parse(block.facts);
    if (facts === undefined) {
        return {
            facts: undefined,
            findings: [
                {
                    value: "a block that is no X.509 structure",
                    rule: "is a certificate (X.509)",
                    remedy: "copy the certificate again; look at it with: openssl x509 -in FILE -text",
                },
            ],
        };
    }
    return {
        facts,
        findings: [...keyFindings(facts), ...(now ? validityFindings(facts, now) : [])],
    };
}

/** What makes a certificate a CA (RFC 5280, 4.2.1.3 and 4.2.1.9). */
export function caFindings(certificate: GivenCertificate): Finding[] {
    const findings: Finding[] = [];
    if (!certificate.basicConstraints?.ca) {
        findings.push({
            value: certificate.basicConstraints ? "CA:FALSE" : "no basicConstraints",
            rule: "is a CA certificate: basicConstraints CA:TRUE",
            remedy: "sign it again with -extfile FILE, where FILE says basicConstraints=critical,CA:TRUE and keyUsage=critical,keyCertSign,cRLSign",
        });
    } else if (!certificate.mayCertSign) {
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

/** What makes a CA certificate a root that can have intermediates below it. */
export function rootFindings(certificate: GivenCertificate): Finding[] {
    const findings = caFindings(certificate);
    if (!isSignedBy(certificate, certificate)) {
        findings.push({
            value: "not self-signed",
            rule: "is a root: signed with its own key",
            remedy: "give the root's own certificate, not that of a CA below it",
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

function parse(der: Buffer): GivenCertificate | undefined {
    try {
        const certificate = new X509Certificate(der);
        const fields = new x509.X509Certificate(new Uint8Array(der));
        const constraints = fields.getExtension(x509.BasicConstraintsExtension);
        const usage = fields.getExtension(x509.KeyUsagesExtension);
        const { hash } = fields.signatureAlgorithm as { hash?: { name: string } };
        return {
            pem: certificate.toString(),
            commonNames: fields.subjectName.getField("CN"),
            keyName: keyName(certificate.publicKey),
            notBefore: fields.notBefore,
            notAfter: fields.notAfter,
            sha256Thumbprint: createHash("sha256").update(der).digest("hex").toUpperCase(),
            x509: certificate,
            basicConstraints: constraints
                ? { ca: constraints.ca, pathLength: constraints.pathLength }
                : undefined,
            mayCertSign: ((usage?.usages ?? 0) & x509.KeyUsageFlags.keyCertSign) !== 0,
            signatureHash: hash?.name,
        };
    } catch {
        return undefined;
    }
}

function keyFindings(certificate: GivenCertificate): Finding[] {
    return isStrongKey(certificate.x509.publicKey)
        ? []
        : [
              {
                  value: `an ${certificate.keyName} key`,
                  rule: strongKeyRule,
                  remedy: "make the certificate again with a new, stronger key",
              },
          ];
}

function validityFindings(certificate: GivenCertificate, now: Date): Finding[] {
    if (certificate.notAfter <= now) {
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
    return (
        certificate.x509.issuer === issuer.x509.subject &&
        certificate.x509.verify(issuer.x509.publicKey)
    );
}

function oneLine(distinguishedName: string): string {
    return distinguishedName.split("\n").join(", ");
}

function isoDay(date: Date): string {
    return date.toISOString().slice(0, 10);
}
