import { CertificateFacts } from "../x509/certificate";
import { Attested } from "./attestation";
import { Registration } from "./model";

/**
 * `registrationState` as devices and the service API show it (azure-rest-api-specs, DeviceRegistrationResult and
 * X509RegistrationResult); members without a value are omitted.
 */
export function registrationJson(registration: Registration): Record<string, unknown> {
    const isAssigned = registration.status === "assigned";
    return {
        ...(registration.x509 === undefined ? {} : { x509: registration.x509 }),
        registrationId: registration.registrationId,
        createdDateTimeUtc: registration.createdDateTimeUtc,
        ...(registration.assignedHub === undefined
            ? {}
            : { assignedHub: registration.assignedHub, deviceId: registration.deviceId }),
        status: registration.status,
        ...(isAssigned ? { substatus: registration.substatus } : {}),
        ...(registration.errorCode === undefined
            ? {}
            : { errorCode: registration.errorCode, errorMessage: registration.errorMessage }),
        lastUpdatedDateTimeUtc: registration.lastUpdatedDateTimeUtc,
        etag: registration.etag,
        ...(registration.payload === undefined ? {} : { payload: registration.payload }),
    };
}

/** The certificate that the device registered with, and the group that it came through. */
export function x509Result({ leaf, group, signer }: Attested): Record<string, unknown> {
    return {
        certificateInfo: certificateInfo(leaf),
        ...(group === undefined || signer === undefined
            ? {}
            : {
                  enrollmentGroupId: group.enrollmentGroupId,
                  signingCertificateInfo: certificateInfo(signer),
              }),
    };
}

function certificateInfo(one: CertificateFacts): Record<string, unknown> {
    const { certificate } = one;
    return {
        subjectName: one.subject,
        sha1Thumbprint: certificate.fingerprint.split(":").join(""),
        sha256Thumbprint: certificate.fingerprint256.split(":").join(""),
        issuerName: one.issuer,
        notBeforeUtc: new Date(one.notBefore).toISOString(),
        notAfterUtc: new Date(one.notAfter).toISOString(),
        serialNumber: certificate.serialNumber,
        version: one.version,
    };
}
