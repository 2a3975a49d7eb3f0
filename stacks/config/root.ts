import { caWarnings, issuedFindings, rootFindings } from "../../components/x509/caCertificate";
import { GivenCertificate, inspectCertificate } from "../../components/x509/inspectCertificate";
import { SubjectPolicy } from "../../components/x509/issue";
import { subjectWord } from "../../components/text/shellWords";
import { PkiSettings, RootSettings } from "../settings";
import { Files, inspectGivenFile } from "./files";
import { KeyAlgorithm, keyAlgorithms } from "../../components/x509/issue";
import { longestName, readKeyAlgorithm, subjectText } from "./names";
import { Section } from "./section";

/** The PKI's settings, with what the groups need of them. */
export interface PkiReading {
    readonly settings: PkiSettings;
    /** For CAs that name no algorithm. */
    readonly caKeyAlgorithm: KeyAlgorithm;
    /** The offline root, if its file is valid. */
    readonly rootCertificate: GivenCertificate | undefined;
    /** What device certificates contain in addition to the device ID. */
    readonly subject: SubjectPolicy;
}

const day = 24 * 3600 * 1000;
const describedByCertificate = ["generation", "keyAlgorithm", "commonName", "validityDays"];

/** Trust, and the root: one that the program creates, or one whose key stays offline. */
export function readPki(top: Section, subject: SubjectPolicy, files: Files): PkiReading {
    const pki = top.section("pki", "the PKI", ["trust", "keyAlgorithm", "root"]);
    const root = pki.section("root", "the root CA", [
        "keys",
        "generation",
        "keyAlgorithm",
        "commonName",
        "validityDays",
        "certificate",
        "proof",
    ]);
    const trust = pki.oneOf("trust", ["intermediates", "root"], "intermediates");
    const keys = root.oneOf("keys", ["managed", "offline"], "managed");
    const caKeyAlgorithm = readKeyAlgorithm(pki, "RSA-4096");
    if (keys === "offline") {
        const certificate = readOfflineRoot(root, subject, files);
        const proof = readProof(root, trust, certificate, files);
        return {
            settings: { trust, root: offlineRoot(certificate, proof) },
            caKeyAlgorithm,
            rootCertificate: certificate,
            subject,
        };
    }
    for (const key of ["certificate", "proof"]) {
        if (root.has(key)) {
            root.bad(key, "requires an offline root", "set pki.root.keys: offline, or delete it");
        }
    }
    const generation = root.integer("generation", 1, 9999, 1);
    const suffix = generation === 1 ? "" : ` G${generation}`;
    const longest = longestName - suffix.length;
    const commonName =
        root.text(
            "commonName",
            subjectText(longest, `shorten the root's name to ${longest} characters`),
        ) ?? "IoT Root CA";
    const settings: RootSettings = {
        keys,
        generation,
        keyAlgorithm: readKeyAlgorithm(root, caKeyAlgorithm),
        commonName: commonName + suffix,
        validityDays: root.integer("validityDays", 4, 36500, 3650),
        certificatePem: undefined,
        proofPem: undefined,
    };
    return {
        settings: { trust, root: settings },
        caKeyAlgorithm,
        rootCertificate: undefined,
        subject,
    };
}

function readOfflineRoot(
    root: Section,
    subject: SubjectPolicy,
    files: Files,
): GivenCertificate | undefined {
    for (const key of describedByCertificate) {
        if (root.has(key)) {
            root.bad(key, "comes from the offline root's certificate", "delete this line");
        }
    }
    const named = subjectWord([
        ["O", subject.organization || "YOUR-ORGANIZATION"],
        ["CN", "IoT Root CA"],
    ]);
    const make =
        "create the root on a machine that stays offline: openssl req -x509 -newkey rsa:4096 -sha256 -days 3650 " +
        `-keyout root.key -out root.pem -subj ${named} ` +
        "-addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign,cRLSign";
    if (!root.has("certificate")) {
        root.missing("certificate", `name the PEM file of the root's certificate; ${make}`);
        return undefined;
    }
    return inspectGivenFile(
        files,
        root.pathOf("certificate"),
        root.raw("certificate"),
        files.folder,
        `put the root's certificate there; ${make}`,
        (content) => {
            const { facts, findings } = inspectCertificate(content, files.now, true);
            return facts
                ? {
                      facts,
                      findings: [...findings, ...rootFindings(facts, subject), ...nameOfKey(facts)],
                      warnings: caWarnings(facts),
                  }
                : { facts, findings };
        },
    );
}

/** The strong key types that Azure's documentation names for CA certificates and that the stack can describe. */
function nameOfKey(certificate: GivenCertificate) {
    return keyAlgorithms.some((name) => name === certificate.keyName)
        ? []
        : [
              {
                  value: `a ${certificate.keyName} key`,
                  rule: `the root's key must be one of ${keyAlgorithms.join(", ")}`,
                  remedy: "create a root with such a key",
              },
          ];
}

function readProof(
    root: Section,
    trust: PkiSettings["trust"],
    certificate: GivenCertificate | undefined,
    files: Files,
): string | undefined {
    if (!root.has("proof")) {
        return undefined;
    }
    if (trust !== "root") {
        root.bad(
            "proof",
            "requires pki.trust: root, with which the root is uploaded to the hub",
            "delete it: this program proves intermediates with their keys",
        );
        return undefined;
    }
    return inspectGivenFile(
        files,
        root.pathOf("proof"),
        root.raw("proof"),
        files.folder,
        "run pulumi up without it: it shows the verification code and the command that signs the proof",
        (content) => {
            // A proof is valid for a day, and may stay in the configuration after it was used.
            const { facts, findings } = inspectCertificate(content, undefined);
            return facts && certificate
                ? { facts, findings: [...findings, ...issuedFindings(facts, certificate)] }
                : { facts, findings };
        },
    )?.pem;
}

/** What the program needs to know of an offline root; a placeholder without a valid certificate. */
function offlineRoot(
    certificate: GivenCertificate | undefined,
    proofPem: string | undefined,
): RootSettings {
    const life = certificate
        ? certificate.notAfter.getTime() - certificate.notBefore.getTime()
        : 36500 * day;
    return {
        keys: "offline",
        generation: 1,
        keyAlgorithm: keyAlgorithms.find((name) => name === certificate?.keyName) ?? "RSA-4096",
        commonName: certificate?.commonNames[0] ?? "",
        validityDays: Math.round(life / day),
        certificatePem: certificate?.pem,
        proofPem,
    };
}
