import { randomUUID } from "crypto";
import { Refusal, RefusalReason } from "../x509/refusals";

/** HTTP status, error code, and the text that the service sends; without a text, the detail is sent. */
type Answer = readonly [status: number, errorCode: number, message?: string];

const unauthorized: Answer = [401, 401002, "Unauthorized"];
const invalidCertificate: Answer = [401, 401002, "Invalid certificate."];
const caNotFound: Answer = [401, 401002, "CA certificate not found."];
const malformed: Answer = [400, 400004];
const throttled: Answer = [429, 429001, "Operations are being throttled for this tenant."];

/**
 * Why a registration is refused before it begins. The names are the emulator's own. 401002 and its texts are as devices
 * saw them (Azure/azure-sdk-for-c `az_iot_provisioning_client.c`; microsoft/vscode-iot-workbench#590;
 * rwatjen/AzureIoTDPSCertificates#3); the statuses are those of Azure docs "how-to-troubleshoot-dps". The numbers of
 * the other codes are not published and only repeat the status.
 */
const answers = {
    // The request.
    protocolVersionUnsupported: malformed,
    userNameMalformed: malformed,
    clientIdMismatch: unauthorized,
    willUnsupported: malformed,
    apiVersionMissing: malformed,
    apiVersionUnsupported: malformed,
    bodyMalformed: malformed,
    registrationIdInvalid: malformed,
    registrationIdMismatch: malformed,
    // Azure docs, 404: "The Device Provisioning Service instance, or a resource such as an enrollment does not exist."
    idScopeUnknown: [404, 404001, "The Device Provisioning Service instance was not found."],
    serviceNotActive: [404, 404001, "The Device Provisioning Service instance was not found."],
    registrationMissing: [404, 404202, "Registration not found."],
    operationUnknown: [404, 404202, "Operation not found."],
    // Authentication.
    attestationNotSupported: unauthorized,
    certificateMissing: unauthorized,
    certificateChanged: unauthorized,
    commonNameMismatch: unauthorized,
    enrollmentCertificateMismatch: invalidCertificate,
    enrollmentMissing: caNotFound,
    // Rate limits.
    registrationsThrottled: throttled,
    pollingThrottled: throttled,
} as const satisfies Record<string, Answer>;

/** Reasons for a chain that leads to no verified CA; any other refused chain is reported as invalid. */
const leadsNowhere: readonly RefusalReason[] = [
    "selfSigned",
    "noCaUploaded",
    "issuerNotSent",
    "issuerNotUploaded",
    "issuerKeyMismatch",
    "caNotVerified",
];

export type OwnReason = keyof typeof answers;

/** A registration that is refused immediately. */
export class RegistrationRefusal extends Error {
    private constructor(
        readonly reason: string,
        /** Explains to a person what to fix; never contains a secret. */
        readonly detail: string,
        private readonly answer: Answer,
        /** Seconds after which the device may try again; set only when throttled. */
        readonly retryAfter?: number,
    ) {
        super(`${reason}: ${detail}`);
    }

    static of(reason: OwnReason, detail: string, retryAfter?: number): RegistrationRefusal {
        return new RegistrationRefusal(reason, detail, answers[reason], retryAfter);
    }

    /** A certificate or chain that fails the rules shared with hubs. */
    static ofChain({ reason, detail }: Refusal): RegistrationRefusal {
        const answer = leadsNowhere.includes(reason) ? caNotFound : invalidCertificate;
        return new RegistrationRefusal(reason, detail, answer);
    }

    /** HTTP status, also the status in the topic of an MQTT reply. */
    get status(): number {
        return this.answer[0];
    }

    get errorCode(): number {
        return this.answer[1];
    }

    /** `ProvisioningServiceErrorDetails`. */
    body(now: Date): Record<string, unknown> {
        return {
            errorCode: this.errorCode,
            trackingId: randomUUID(),
            message: this.answer[2] ?? this.detail,
            timestampUtc: now.toISOString(),
        };
    }
}
