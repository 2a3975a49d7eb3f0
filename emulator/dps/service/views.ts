import {
    EnrollmentGroup,
    EnrollmentPolicy,
    IndividualEnrollment,
    ProvisioningService,
    Registration,
} from "../model";
import { attestationView } from "./attestation";

/** Members without a value are omitted, as in the service. */
export function groupView(group: EnrollmentGroup): object {
    return { enrollmentGroupId: group.enrollmentGroupId, ...policyView(group) };
}

export function enrollmentView(
    service: ProvisioningService,
    enrollment: IndividualEnrollment,
): object {
    const { registrationId, deviceId } = enrollment;
    const registration = service.registrations.get(registrationId.toLowerCase());
    return {
        registrationId,
        ...(deviceId === undefined ? {} : { deviceId }),
        registrationState:
            registration === undefined
                ? { registrationId, status: "unassigned" }
                : registrationView(registration),
        ...policyView(enrollment),
    };
}

export function registrationView(registration: Registration): object {
    const { registrationId, createdDateTimeUtc, assignedHub, deviceId, status, substatus } =
        registration;
    const { lastUpdatedDateTimeUtc, errorCode, errorMessage, etag, payload } = registration;
    return {
        registrationId,
        createdDateTimeUtc,
        assignedHub,
        deviceId,
        status,
        substatus,
        lastUpdatedDateTimeUtc,
        errorCode,
        errorMessage,
        etag,
        payload,
    };
}

function policyView(policy: EnrollmentPolicy): object {
    return {
        attestation: attestationView(policy.attestation),
        capabilities: policy.capabilities,
        iotHubHostName: policy.iotHubHostName,
        initialTwin: policy.initialTwin,
        etag: policy.etag,
        provisioningStatus: policy.provisioningStatus,
        reprovisionPolicy: policy.reprovisionPolicy,
        createdDateTimeUtc: policy.createdDateTimeUtc,
        lastUpdatedDateTimeUtc: policy.lastUpdatedDateTimeUtc,
        allocationPolicy: policy.allocationPolicy,
        iotHubs: policy.iotHubs,
    };
}
