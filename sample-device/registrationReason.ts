/** The provisioning service's reply to a failed registration. Source: Azure REST, device registration. */
interface ServiceAnswer {
    readonly errorCode?: number;
    readonly message?: string;
    readonly status?: string;
    readonly registrationState?: {
        readonly status?: string;
        readonly errorCode?: number;
        readonly errorMessage?: string;
    };
}

/**
 * Explains why the provisioning service refused a device. Only the classes of its codes are published (Azure docs:
 * how-to-troubleshoot-dps); the texts of 401002 are as devices saw them.
 */
export function registrationReason(error: Error, idScope: string): string {
    const answer = (error as { result?: ServiceAnswer }).result ?? {};
    const state = answer.registrationState;
    const code = state?.errorCode ?? answer.errorCode;
    const said = state?.errorMessage ?? answer.message ?? error.message;
    const status = state?.status ?? answer.status;
    if (status === "disabled") {
        return "its enrollment is disabled: enable it, or cover the device with another one";
    }
    return `${remedy(Math.floor((code ?? 0) / 1000), said, idScope)} (the service says: ${[code, said].filter((part) => part !== undefined).join(" ")})`;
}

/** @param httpStatus the first three digits of the service's code; 0 if it sent none */
function remedy(httpStatus: number, said: string, idScope: string): string {
    // Over MQTT an unknown scope is refused at connection, with return code 3.
    if (httpStatus === 404 || /Server unavailable/i.test(said)) {
        return `no provisioning service has the ID scope "${idScope}": copy it from the stack's output "provisioning"`;
    }
    if (httpStatus === 429) {
        return "the provisioning service throttles requests: try again in a minute";
    }
    if (httpStatus === 401 && /hub/i.test(said)) {
        return "the provisioning service cannot assign a hub: the linked hub was deleted, or rejects the service's policy";
    }
    if (httpStatus === 401 && /CA certificate not found/i.test(said)) {
        return (
            "its certificate does not chain to a verified CA of the provisioning service, or no enrollment covers it: check that the " +
            "intermediate follows the leaf in the certificate file"
        );
    }
    if (httpStatus === 401 && /Invalid certificate/i.test(said)) {
        return "its enrollment does not trust its certificate or one of the chain, or one of them has expired";
    }
    if (httpStatus === 401) {
        return "its certificate is not accepted: check that the common name is the registration ID and the enrollment is enabled";
    }
    return httpStatus === 400
        ? "the provisioning service rejects the request as malformed"
        : "the provisioning service did not register it";
}
