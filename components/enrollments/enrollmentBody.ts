/* Enrollments as the service API writes them. Source: azure-rest-api-specs, DPS service 2021-10-01. */

/** How a device proves its identity: exactly one of the three is set. */
export interface Attestation {
    /** Names of verified CA certificates of the service, primary first. */
    readonly caReferences?: readonly string[];
    /** PEM of CA certificates that need no proof of possession, primary first. */
    readonly signingCertificates?: readonly string[];
    /** PEM of the device's own certificates, primary first. */
    readonly clientCertificates?: readonly string[];
}

/** The part of an enrollment that does not depend on its kind. */
export interface EnrollmentPolicy {
    readonly provisioningStatus: "enabled" | "disabled";
    readonly iotEdge: boolean;
    readonly updateHubAssignment: boolean;
    readonly migrateDeviceData: boolean;
    readonly allocationPolicy?: string;
    readonly initialTwin?: {
        readonly tags: Readonly<Record<string, unknown>>;
        readonly desired: Readonly<Record<string, unknown>>;
    };
}

/** An enrollment as the service returns it. */
export interface PresentEnrollment extends EnrollmentPolicy {
    readonly etag: string;
    readonly caReferences: readonly string[];
    /** SHA-256, upper-case hex, of the signing or client certificates. */
    readonly thumbprints: readonly string[];
    /** Distinguished names in those certificates, in the same order. */
    readonly certificateNames: readonly CertificateNames[];
}

/** As the service writes them; empty if it returns none. */
export interface CertificateNames {
    readonly subject: string;
    readonly issuer: string;
}

interface RawCertificates {
    readonly primary?: { readonly info?: RawCertificateInfo };
    readonly secondary?: { readonly info?: RawCertificateInfo };
}

interface RawCertificateInfo {
    readonly sha256Thumbprint?: string;
    readonly subjectName?: string;
    readonly issuerName?: string;
}

/** An enrollment in a response body, as far as the program reads it. */
export interface RawEnrollment {
    readonly registrationId?: string;
    readonly etag: string;
    readonly attestation: {
        readonly x509?: {
            readonly caReferences?: { readonly primary?: string; readonly secondary?: string };
            readonly signingCertificates?: RawCertificates;
            readonly clientCertificates?: RawCertificates;
        };
    };
    readonly provisioningStatus?: "enabled" | "disabled";
    readonly capabilities?: { readonly iotEdge?: boolean };
    readonly reprovisionPolicy?: {
        readonly updateHubAssignment?: boolean;
        readonly migrateDeviceData?: boolean;
    };
    readonly allocationPolicy?: string;
    readonly initialTwin?: {
        readonly tags?: Readonly<Record<string, unknown>>;
        readonly properties?: { readonly desired?: Readonly<Record<string, unknown>> };
    };
}

/** The part of a request body that says how devices prove their identity. */
export function rawAttestation(attestation: Attestation): object {
    const pair = <T>(values: readonly string[], make: (value: string) => T) => ({
        primary: make(values[0]),
        ...(values.length > 1 ? { secondary: make(values[1]) } : {}),
    });
    const certificate = (pem: string) => ({ certificate: pem });
    const { caReferences, signingCertificates, clientCertificates } = attestation;
    const x509 =
        caReferences !== undefined
            ? { caReferences: pair(caReferences, (name) => name) }
            : signingCertificates !== undefined
              ? { signingCertificates: pair(signingCertificates, certificate) }
              : { clientCertificates: pair(clientCertificates ?? [], certificate) };
    return { attestation: { type: "x509", x509 } };
}

/** The rest of a request body; `etag` is that of the present enrollment. */
export function rawPolicy(policy: EnrollmentPolicy, etag: string | undefined): object {
    const { initialTwin, allocationPolicy } = policy;
    return {
        provisioningStatus: policy.provisioningStatus,
        capabilities: { iotEdge: policy.iotEdge },
        reprovisionPolicy: {
            updateHubAssignment: policy.updateHubAssignment,
            migrateDeviceData: policy.migrateDeviceData,
        },
        ...(allocationPolicy === undefined ? {} : { allocationPolicy }),
        ...(initialTwin === undefined
            ? {}
            : {
                  initialTwin: {
                      tags: initialTwin.tags,
                      properties: { desired: initialTwin.desired },
                  },
              }),
        ...(etag === undefined ? {} : { etag }),
    };
}

/** Reads an enrollment from a response body. */
export function present(raw: RawEnrollment): PresentEnrollment {
    const { caReferences, signingCertificates, clientCertificates } = raw.attestation.x509 ?? {};
    const certificates = signingCertificates ?? clientCertificates;
    const infos = [certificates?.primary?.info, certificates?.secondary?.info].flatMap((info) =>
        info?.sha256Thumbprint ? [{ ...info, thumbprint: info.sha256Thumbprint }] : [],
    );
    const tags = raw.initialTwin?.tags ?? {};
    const desired = raw.initialTwin?.properties?.desired ?? {};
    const isTwinEmpty = Object.keys(tags).length + Object.keys(desired).length === 0;
    return {
        etag: raw.etag.replace(/^"(.*)"$/, "$1"),
        caReferences: given([caReferences?.primary, caReferences?.secondary]),
        thumbprints: infos.map(({ thumbprint }) => thumbprint.toUpperCase()),
        certificateNames: infos.map(({ subjectName, issuerName }) => ({
            subject: subjectName ?? "",
            issuer: issuerName ?? "",
        })),
        provisioningStatus: raw.provisioningStatus ?? "enabled",
        iotEdge: raw.capabilities?.iotEdge ?? false,
        updateHubAssignment: raw.reprovisionPolicy?.updateHubAssignment ?? true,
        migrateDeviceData: raw.reprovisionPolicy?.migrateDeviceData ?? true,
        ...(raw.allocationPolicy ? { allocationPolicy: raw.allocationPolicy } : {}),
        ...(isTwinEmpty ? {} : { initialTwin: { tags, desired } }),
    };
}

function given(values: readonly (string | undefined | null)[]): string[] {
    return values.filter((value): value is string => typeof value === "string" && value !== "");
}
