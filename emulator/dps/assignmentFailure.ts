/**
 * A registration that was accepted and then failed: its record says `failed`, with this code and text. 401001 and its
 * text are as seen by azure-iot-cli-extension's live tests (`test_dps_device_registration_unlinked_hub`).
 */
export class AssignmentFailure extends Error {
    constructor(
        /** The emulator's own name for the failure. */
        readonly reason:
            "hubNotFound" | "linkedHubUnauthorized" | "initialTwinInvalid" | "deviceIdInvalid",
        /** Explains to a person what to fix; never contains a secret. */
        readonly detail: string,
        readonly errorCode: number,
        /** `errorMessage` of the record. */
        message: string,
    ) {
        super(message);
    }
}

export function hubNotFound(detail: string): AssignmentFailure {
    return new AssignmentFailure("hubNotFound", detail, 401001, "IoTHub not found.");
}
