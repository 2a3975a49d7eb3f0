/**
 * Why a device is refused. The names are the emulator's own; the numbers are IoT Hub's error codes
 * (azure-iot-sdk-csharp `ErrorCode`; Azure docs: iot-hub troubleshoot-error-codes).
 */
const errorCodes = {
    // The CONNECT packet itself.
    protocolVersionUnsupported: 400001,
    clientIdMissing: 400004,
    userNameMissing: 400004,
    userNameMalformed: 400004,
    apiVersionMissing: 400004,
    apiVersionMalformed: 400004,
    modulesNotImplemented: 400004,
    willTopicUnsupported: 400004,
    clientIdMismatch: 401003,
    // Hub and identity.
    hubUnknown: 401001,
    hubMismatch: 401003,
    hubNotActive: 403001,
    tlsVersionTooLow: 401003,
    deviceUnknown: 404001,
    deviceDisabled: 403012,
    // Kind of credentials.
    credentialsMissing: 401003,
    certificateMissing: 401003,
    authenticationTypeMismatch: 401003,
    // Thumbprint.
    thumbprintNotSet: 401003,
    thumbprintMismatch: 401003,
    // Chain to a CA of the hub.
    chainTooLong: 401003,
    selfSigned: 401003,
    noCaUploaded: 401003,
    issuerNotSent: 401003,
    issuerNotUploaded: 401003,
    issuerKeyMismatch: 401003,
    caNotVerified: 401003,
    leafExpired: 401003,
    leafNotYetValid: 401003,
    intermediateExpired: 401003,
    intermediateNotYetValid: 401003,
    caExpired: 401003,
    caNotYetValid: 401003,
    issuerIsVersion1: 401003,
    issuerIsNotCa: 401003,
    issuerMayNotSign: 401003,
    issuerDoesNotFit: 401003,
    pathLengthExceeded: 401003,
    weakKey: 401003,
    criticalExtensionUnknown: 401003,
    clientAuthMissing: 401003,
    digitalSignatureMissing: 401003,
    leafIsCa: 401003,
    commonNameMismatch: 401003,
    // Shared access signature.
    sasDisabled: 401003,
    sasMalformed: 401003,
    sasWrongResource: 401003,
    sasUnknownPolicy: 401003,
    sasPolicyLacksDeviceConnect: 401003,
    sasWrongKey: 401003,
    sasExpired: 401003,
} as const;

export type RefusalReason = keyof typeof errorCodes;

/** CONNACK return codes of MQTT 3.1.1, section 3.2.2.3. */
export type ReturnCode = 1 | 2 | 5;

/** A refused device: thrown by authentication, sent as its return code, kept for the management API. */
export class Refusal extends Error {
    constructor(
        readonly reason: RefusalReason,
        /** Explains to a person what to fix; never contains a secret. */
        readonly detail: string,
        readonly returnCode: ReturnCode = 5,
    ) {
        super(`${reason}: ${detail}`);
    }

    get errorCode(): number {
        return errorCodes[this.reason];
    }
}
