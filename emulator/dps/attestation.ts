import { X509Certificate } from "crypto";
import { Settings } from "../core/settings";
import { CertificateFacts, certificateFacts, issuerFacts } from "../x509/certificate";
import { leafProblem, Path, pathProblem } from "../x509/pathValidation";
import { PathSearch } from "../x509/pathBuilding";
import { Refusal } from "../x509/refusals";
import { RegistrationRefusal } from "./deviceRefusals";
import {
    EnrollmentGroup,
    EnrollmentPolicy,
    IndividualEnrollment,
    ProvisioningService,
    X509Attestation,
} from "./model";

export interface AttestationQuestion {
    readonly service: ProvisioningService;
    readonly registrationId: string;
    /** The certificates that the device sent in TLS, leaf first. */
    readonly presented: readonly X509Certificate[];
    /** Milliseconds since the epoch. */
    readonly now: number;
    readonly settings: Settings;
}

/** Who a device is, and the enrollment that applies to it. */
export interface Attested {
    readonly policy: EnrollmentPolicy;
    /** Either `individual` or `group` is the policy. */
    readonly individual?: IndividualEnrollment;
    readonly group?: EnrollmentGroup;
    readonly leaf: CertificateFacts;
    /** The certificate in the chain that the group names. */
    readonly signer?: CertificateFacts;
    /** The leaf's common name, or the ID in the individual enrollment. */
    readonly deviceId: string;
}

/**
 * Finds the enrollment of a device and checks its certificates (Azure docs: iot-dps concepts-x509-attestation). The
 * individual enrollment with the registration ID takes precedence; without one, the chain is walked from the leaf to
 * the root and the first enrollment group found applies, enabled or not. For a group, the device must send the chain up
 * to a CA certificate that is verified on the service ("DPS device chain requirements"). Pure: time and settings are
 * passed in.
 *
 * @throws RegistrationRefusal
 */
export function attest(question: AttestationQuestion): Attested {
    const { service, registrationId, presented, settings } = question;
    if (presented.length === 0) {
        throw RegistrationRefusal.of(
            "certificateMissing",
            "the client sent no certificate in TLS; configure it with the device's certificate and key",
        );
    }
    if (presented.length > settings.maximumChainLength) {
        throw RegistrationRefusal.ofChain(
            new Refusal(
                "chainTooLong",
                `the device sent ${presented.length} certificates; at most ` +
                    `${settings.maximumChainLength} are accepted (setting maximumChainLength)`,
            ),
        );
    }
    const leaf = certificateFacts(presented[0]);
    const commonName = leaf.commonNames.find((name) => sameId(name, registrationId));
    if (commonName === undefined) {
        const found = leaf.commonNames.map((name) => `"${name}"`).join(", ") || "none";
        throw RegistrationRefusal.of(
            "commonNameMismatch",
            `the leaf's common name must be the registration ID "${registrationId}"; found ${found}`,
        );
    }
    const individual = service.enrollments.get(registrationId.toLowerCase());
    if (individual !== undefined) {
        checkIndividual(question, individual, leaf);
        const deviceId = individual.deviceId ?? commonName;
        return { policy: individual, individual, leaf, deviceId };
    }
    const { group, signer } = findGroup(question, leaf);
    return { policy: group, group, signer, leaf, deviceId: commonName };
}

/** Registration IDs are case-insensitive. */
export function sameId(one: string, other: string): boolean {
    return one.toLowerCase() === other.toLowerCase();
}

/** A disabled enrollment blocks its device whatever the dates of the certificate. */
function checkIndividual(
    question: AttestationQuestion,
    enrollment: IndividualEnrollment,
    leaf: CertificateFacts,
): void {
    const { service, now, settings } = question;
    const { attestation } = enrollment;
    const named = fingerprintsOf(service, attestation);
    if (attestation.kind === "clientCertificates") {
        if (!named.has(leaf.certificate.fingerprint256)) {
            throw mismatch(enrollment, "is neither its primary nor its secondary");
        }
        if (enrollment.provisioningStatus === "enabled") {
            raise(leafProblem(leaf, now, settings));
        }
        return;
    }
    const isNamed = (one: CertificateFacts): boolean => named.has(one.certificate.fingerprint256);
    if (!validPaths(question, leaf).some((path) => path.slice(1).some(isNamed))) {
        throw mismatch(enrollment, "was not issued below a CA that it names");
    }
}

function mismatch(enrollment: IndividualEnrollment, what: string): RegistrationRefusal {
    return RegistrationRefusal.of(
        "enrollmentCertificateMismatch",
        `"${enrollment.registrationId}" has an individual enrollment, and the device's certificate ` +
            `${what}; update the enrollment with the new certificate, or delete the enrollment`,
    );
}

function findGroup(
    question: AttestationQuestion,
    leaf: CertificateFacts,
): { group: EnrollmentGroup; signer: CertificateFacts } {
    const { service } = question;
    const groups = new Map<string, EnrollmentGroup>();
    for (const group of service.groups.values()) {
        for (const fingerprint of fingerprintsOf(service, group.attestation)) {
            groups.set(fingerprint, groups.get(fingerprint) ?? group);
        }
    }
    const paths = validPaths(question, leaf);
    const longest = Math.max(...paths.map((path) => path.length));
    for (let depth = 1; depth < longest; depth += 1) {
        for (const path of paths.filter((one) => one.length > depth)) {
            const signer = path[depth];
            const group = groups.get(signer.certificate.fingerprint256);
            if (group !== undefined) {
                return { group, signer };
            }
        }
    }
    const walked = new Set(paths.flatMap((path) => path.slice(1).map((one) => `"${one.subject}"`)));
    throw RegistrationRefusal.of(
        "enrollmentMissing",
        `provisioning service ${service.name} has no individual enrollment ` +
            `"${question.registrationId}" and no enrollment group for ${[...walked].join(" or ")}` +
            brokenReferences(service),
    );
}

/** The valid paths from the leaf to verified CAs; at least one. */
function validPaths(question: AttestationQuestion, leaf: CertificateFacts): Path[] {
    const { service, presented, now, settings } = question;
    const sent = presented.slice(1).map(issuerFacts);
    const known = new Set(sent.map((one) => one.certificate.fingerprint256));
    // A device need not send a verified CA; the walk continues from it to the CAs above it.
    const uploaded = [...service.certificates.values()]
        .filter((one) => one.isVerified)
        .map((one) => issuerFacts(one.pem))
        .filter((one) => !known.has(one.certificate.fingerprint256));
    const label = `provisioning service ${service.name}`;
    const search = new PathSearch({ label, certificates: service.certificates }, [
        ...sent,
        ...uploaded,
    ]);
    search.extend([leaf]);
    if (search.paths.length === 0) {
        const { reason, detail } = search.deadEnd(
            `and "${question.registrationId}" has no individual enrollment; sign it with a CA of ` +
                `${label} or enroll it individually`,
        );
        throw RegistrationRefusal.ofChain(new Refusal(reason, detail + brokenReferences(service)));
    }
    const judged = search.paths.map((path) => ({
        path,
        problem: pathProblem(path, now, settings),
    }));
    const valid = judged.filter(({ problem }) => problem === undefined).map(({ path }) => path);
    if (valid.length === 0) {
        raise(judged[0].problem);
    }
    return valid;
}

/**
 * SHA-256 fingerprints of the certificates that an enrollment names; references count only while the CA is verified.
 */
function fingerprintsOf(service: ProvisioningService, attestation: X509Attestation): Set<string> {
    const given = [attestation.primary, attestation.secondary].flatMap((one) => one ?? []);
    const pems =
        attestation.kind === "caReferences"
            ? given.flatMap((name) => {
                  const certificate = service.certificates.get(name.toLowerCase());
                  return certificate?.isVerified ? [certificate.pem] : [];
              })
            : given;
    return new Set(pems.map((pem) => issuerFacts(pem).certificate.fingerprint256));
}

/** Describes groups that match no chain because the CA that they name is missing or not verified. */
function brokenReferences(service: ProvisioningService): string {
    const broken = [...service.groups.values()].flatMap(({ enrollmentGroupId, attestation }) =>
        attestation.kind !== "caReferences"
            ? []
            : [attestation.primary, attestation.secondary].flatMap((name) => {
                  const certificate = name && service.certificates.get(name.toLowerCase());
                  return !name || (certificate && certificate.isVerified)
                      ? []
                      : [
                            `; enrollment group "${enrollmentGroupId}" refers to certificate ` +
                                `"${name}", which ${certificate ? "is not verified" : "does not exist"}`,
                        ];
              }),
    );
    return broken.join("");
}

function raise(problem: Refusal | undefined): void {
    if (problem !== undefined) {
        throw RegistrationRefusal.ofChain(problem);
    }
}
