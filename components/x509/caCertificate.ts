import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { childrenOf, elementAt, tags } from "./der";
import { isSameName, oneLine } from "./distinguishedName";
import { GivenCertificate, isoDay } from "./inspectCertificate";
import { subjectName, SubjectPolicy } from "./issue";
import { comparableName, deviceNames, nameConstraints, NameConstraints } from "./nameConstraints";
import { Finding } from "./pem";
import { primeFinding, signatureName } from "./publicKey";

/**
 * What prevents a certificate from being a CA above devices, judged as in path validation (RFC 5280, 6.1) and, for what a
 * CA's certificate must have (4.2.1), as strictly as `openssl verify -x509_strict -purpose sslclient`. What path validation
 * can do without is a warning: see {@link caWarnings}.
 *
 * @param subject what devices' certificates contain besides the common name; undefined: name constraints are not checked
 */
export function caFindings(certificate: GivenCertificate, subject?: SubjectPolicy): Finding[] {
    const prime = primeFinding(certificate.key, "create the CA again with a new key");
    return [
        ...(prime ? [prime] : []),
        ...roleFindings(certificate),
        ...formFindings(certificate),
        ...criticalFindings(certificate),
        ...purposeFindings(certificate),
        ...policyFindings(certificate),
        ...(subject ? deviceNameFindings(certificate, subject) : []),
    ];
}

/** Warnings about a CA certificate that is otherwise good. */
export function caWarnings(certificate: GivenCertificate): Finding[] {
    const warnings = certificate.basicConstraints?.ca ? formWarnings(certificate) : [];
    if (certificate.basicConstraints?.ca && certificate.mayCertSign === undefined) {
        warnings.push({
            value: "no keyUsage",
            rule: "a CA that conforms to RFC 5280 (4.2.1.3) has keyUsage keyCertSign; path validation accepts one without it (6.1.4 (n))",
            remedy: "nothing needs to be done now; when you create it again, add keyUsage=critical,keyCertSign,cRLSign",
        });
    }
    if (constraintsOf(certificate)?.concernHosts) {
        warnings.push({
            value: "name constraints for host names",
            rule: "OpenSSL takes a common name with a dot for a host name, and may reject such a device",
            remedy: "use device IDs without dots, or sign the CA again without these constraints",
        });
    }
    return warnings;
}

/** What prevents a CA certificate from being a root that can have intermediates below it. */
export function rootFindings(certificate: GivenCertificate, subject?: SubjectPolicy): Finding[] {
    const findings = caFindings(certificate, subject);
    if (!isSignedBy(certificate, certificate)) {
        const issuer = oneLine(certificate.x509.issuer);
        findings.push({
            value: isSelfIssued(certificate)
                ? "not signed with its own key"
                : `not self-signed, issued by ${issuer}`,
            rule: "must be a self-signed root; a CA below another root is not supported here",
            remedy: `use the certificate of the root itself (${issuer}), whose key then signs each group's intermediate, or create a root for the devices only`,
        });
    }
    findings.push(...hashFindings(certificate));
    if (certificate.basicConstraints?.pathLength === 0) {
        findings.push({
            value: "pathlen:0",
            rule: "must allow a CA below it: pathlen 1 or more, or no pathlen",
            remedy: "create the root's certificate again with basicConstraints=critical,CA:TRUE,pathlen:1",
        });
    }
    return findings;
}

/** What speaks against a certificate being signed by this issuer, soundly, within its validity and for a permitted name. */
export function issuedFindings(certificate: GivenCertificate, issuer: GivenCertificate): Finding[] {
    const findings: Finding[] = [];
    if (!isSignedBy(certificate, issuer)) {
        findings.push({
            value: `issued by ${oneLine(certificate.x509.issuer)}`,
            rule: `must be signed with the key of the root ${oneLine(issuer.x509.subject)}`,
            remedy: "sign the request again with the key that belongs to pki.root.certificate",
        });
    }
    findings.push(...hashFindings(certificate));
    if (certificate.notAfter > issuer.notAfter) {
        findings.push({
            value: `valid until ${isoDay(certificate.notAfter)}`,
            rule: `must not outlive its issuer, which expires ${isoDay(issuer.notAfter)}`,
            remedy: "sign it again with fewer -days, or renew the root",
        });
    }
    // A proof of possession is exempt: the hub dictates its subject, and nothing is below it.
    const refusal = certificate.basicConstraints?.ca
        ? constraintsOf(issuer)?.refusal(comparableName(certificate.fields.subjectName))
        : undefined;
    if (refusal !== undefined) {
        findings.push({
            value: `the subject ${oneLine(certificate.x509.subject)}`,
            rule: `must have a name that its issuer permits; the issuer ${refusal} (RFC 5280, 4.2.1.10)`,
            remedy: "create a root without name constraints, or with constraints that permit this name",
        });
    }
    return findings;
}

function roleFindings(certificate: GivenCertificate): Finding[] {
    const findings: Finding[] = [];
    if (!certificate.basicConstraints?.ca) {
        findings.push({
            value: certificate.basicConstraints
                ? "CA:FALSE"
                : "no basicConstraints, as in X.509 version 1",
            rule: "must be a CA certificate: basicConstraints CA:TRUE",
            remedy: signedAgain(certificate),
        });
    } else if (certificate.mayCertSign === false) {
        findings.push({
            value: "a keyUsage without keyCertSign",
            rule: "must be allowed to sign certificates: keyUsage keyCertSign",
            remedy: signedAgain(certificate),
        });
    }
    if (certificate.commonNames.length !== 1) {
        findings.push({
            value: `${certificate.commonNames.length} common names`,
            rule: "the subject must have exactly one common name",
            remedy: "create the certificate again with one CN in its subject",
        });
    }
    return findings;
}

const oid = {
    subjectKeyIdentifier: "2.5.29.14",
    subjectAltName: "2.5.29.17",
    basicConstraints: "2.5.29.19",
    nameConstraints: "2.5.29.30",
    authorityKeyIdentifier: "2.5.29.35",
    policyConstraints: "2.5.29.36",
    clientAuth: "1.3.6.1.5.5.7.3.2",
};

/** What a verifier considers malformed in a certificate. */
function formFindings(certificate: GivenCertificate): Finding[] {
    if (!certificate.basicConstraints?.ca) {
        return []; // Another finding reports that it is not a CA.
    }
    const { fields } = certificate;
    const remedy = signedAgain(certificate);
    const findings: Finding[] = [];
    const names = fields.getExtension(oid.subjectAltName);
    if (names !== null && names.value.byteLength <= 2) {
        findings.push({
            value: "a subjectAltName without a name",
            rule: "a subjectAltName must have at least one name (RFC 5280, 4.2.1.6)",
            remedy,
        });
    }
    if (!namesOneSignature(certificate.x509.raw)) {
        findings.push({
            value: "two different signature algorithms, one of them not signed",
            rule: "both must name the same signature algorithm (RFC 5280, 4.1.1.2)",
            remedy,
        });
    }
    return findings;
}

/** What a conforming CA has, but path validation can do without (RFC 5280, 6.1). */
function formWarnings(certificate: GivenCertificate): Finding[] {
    const { fields } = certificate;
    const warnings: Finding[] = [];
    const nothing =
        "nothing needs to be done now; correct it when you create the certificate again";
    if (fields.getExtension(oid.basicConstraints)?.critical === false) {
        warnings.push({
            value: "basicConstraints that are not critical",
            rule: "a CA's basicConstraints should be critical (RFC 5280, 4.2.1.9)",
            remedy: nothing,
        });
    }
    if (fields.getExtension(oid.subjectKeyIdentifier) === null) {
        warnings.push({
            value: "no subject key identifier",
            rule: "a CA should have a subject key identifier (RFC 5280, 4.2.1.2)",
            remedy: nothing,
        });
    }
    const authority = fields.getExtension(x509.AuthorityKeyIdentifierExtension);
    if (!isSelfIssued(certificate) && authority?.keyId === undefined) {
        warnings.push({
            value: "no authority key identifier",
            rule: "a CA below another should identify its issuer's key: authorityKeyIdentifier=keyid (RFC 5280, 4.2.1.1)",
            remedy: nothing,
        });
    }
    return warnings;
}

/** Whether Certificate.signatureAlgorithm and TBSCertificate.signature are the same. */
function namesOneSignature(der: Buffer): boolean {
    const outer = elementAt(der, 0);
    const [signed, named] = outer ? childrenOf(der, outer) : [];
    const repeated = signed && childrenOf(der, signed).find(({ tag }) => tag === tags.sequence);
    const bytes = [named, repeated].map((part) => part && der.subarray(part.begin, part.end));
    return bytes[0] !== undefined && bytes[1] !== undefined && bytes[0].equals(bytes[1]);
}

/** Extensions that may be critical: those that verifiers know (RFC 5280, 4.2), and CRL distribution points (OpenSSL). */
const understood: ReadonlySet<string> = new Set([
    "2.5.29.15", // keyUsage
    oid.subjectAltName,
    oid.basicConstraints,
    oid.nameConstraints,
    "2.5.29.31", // cRLDistributionPoints
    "2.5.29.32", // certificatePolicies
    "2.5.29.33", // policyMappings
    oid.policyConstraints,
    "2.5.29.37", // extKeyUsage
    "2.5.29.54", // inhibitAnyPolicy
]);

function criticalFindings(certificate: GivenCertificate): Finding[] {
    return certificate.fields.extensions
        .filter(({ critical, type }) => critical && !understood.has(type))
        .map(({ type }) => ({
            value: `the critical extension ${type}`,
            rule: "a verifier rejects a certificate with a critical extension that it does not know (RFC 5280, 4.2)",
            remedy: signedAgain(certificate),
        }));
}

/** RFC 5280, 4.2.1.12 applies it to the certificate's own key; verifiers take a CA's as a limit on what is below it. */
function purposeFindings(certificate: GivenCertificate): Finding[] {
    const usage = certificate.fields.getExtension(x509.ExtendedKeyUsageExtension);
    const usages = usage?.usages.map(String) ?? [];
    return usage === null || usages.includes(oid.clientAuth)
        ? []
        : [
              {
                  value: `extendedKeyUsage ${usages.join(", ")}, without clientAuth`,
                  rule: "a CA that signs for devices must have no extendedKeyUsage, or one with clientAuth: OpenSSL and others restrict it to the listed purposes, and anyExtendedKeyUsage is not enough",
                  remedy: signedAgain(certificate),
              },
          ];
}

/**
 * Device certificates have no policies, and each is directly below an intermediate. A root's own constraints are not part
 * of path validation (RFC 5280, 6.1.1 (d)).
 */
function policyFindings(certificate: GivenCertificate): Finding[] {
    if (isSelfIssued(certificate)) {
        return [];
    }
    const extension = certificate.fields.getExtension(oid.policyConstraints);
    const value = extension ? Buffer.from(extension.value) : Buffer.alloc(0);
    const outer = elementAt(value, 0);
    const required = outer && childrenOf(value, outer).find(({ tag }) => tag === 0x80);
    if (required === undefined || value[required.start] > 1) {
        return [];
    }
    return [
        {
            value: "policyConstraints with requireExplicitPolicy",
            rule: "the CA must not require a certificate policy: device certificates have none (RFC 5280, 6.1.5 (g))",
            remedy: signedAgain(certificate),
        },
    ];
}

function constraintsOf(certificate: GivenCertificate): NameConstraints | undefined {
    const extension = certificate.fields.getExtension(oid.nameConstraints);
    if (extension === null) {
        return undefined;
    }
    try {
        return nameConstraints(Buffer.from(extension.value));
    } catch {
        return { refusal: () => "has unreadable name constraints", concernHosts: false };
    }
}

function deviceNameFindings(certificate: GivenCertificate, subject: SubjectPolicy): Finding[] {
    const names = subjectName("DEVICE-ID", subject);
    const refusal = constraintsOf(certificate)?.refusal(deviceNames(names));
    return refusal === undefined
        ? []
        : [
              {
                  value: `name constraints: it ${refusal}`,
                  rule: `must permit the subjects of devices, which are "${names.toString()}" (RFC 5280, 4.2.1.10)`,
                  remedy: `${signedAgain(certificate)}; or set organization and country to values that it permits`,
              },
          ];
}

function hashFindings(certificate: GivenCertificate): Finding[] {
    const { signatureHash, fields } = certificate;
    return ["SHA-256", "SHA-384", "SHA-512"].includes(signatureHash ?? "")
        ? []
        : [
              {
                  value: `signed with ${signatureHash ?? signatureName(fields.signatureAlgorithm)}`,
                  rule: "must be signed with SHA-256, SHA-384 or SHA-512",
                  remedy: signedAgain(certificate),
              },
          ];
}

/** How to re-sign a CA's key with what a CA certificate must contain, and nothing else. */
function signedAgain(certificate: GivenCertificate): string {
    return isSelfIssued(certificate)
        ? "sign it again: printf '%s\\n' basicConstraints=critical,CA:TRUE,pathlen:1 keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash > ca.ext; " +
              "openssl x509 -in OLD.pem -signkey ROOT.key -clrext -sha256 -days 3650 -extfile ca.ext -out NEW.pem"
        : "sign the request again: printf '%s\\n' basicConstraints=critical,CA:TRUE,pathlen:0 keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash authorityKeyIdentifier=keyid > ca.ext; " +
              "openssl x509 -req -in REQUEST.csr -CA ROOT.pem -CAkey ROOT.key -CAcreateserial -sha256 -days 1825 -extfile ca.ext -out NEW.pem";
}

function isSelfIssued({ x509: { issuer, subject } }: GivenCertificate): boolean {
    return issuer === subject || isSameName(issuer, subject);
}

function isSignedBy(certificate: GivenCertificate, issuer: GivenCertificate): boolean {
    const named = certificate.x509.issuer;
    const { subject } = issuer.x509;
    return (named === subject || isSameName(named, subject)) && certificate.x509.verify(issuer.key);
}
