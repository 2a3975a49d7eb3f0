import { IConnectPacket } from "mqtt-packet";
import { sameId } from "./attestation";
import { RegistrationRefusal } from "./deviceRefusals";
import { checkApiVersion } from "./deviceRegistrar";

/** The ID scope and registration that a CONNECT packet names. */
export interface ProvisioningLogin {
    readonly idScope: string;
    readonly registrationId: string;
}

/**
 * Reads user name and client ID: the user name is `{idScope}/registrations/{registrationId}/api-version=…`, with more
 * after `&`; the client ID is the registration ID (Azure docs: iot-dps iot-dps-mqtt-support). The user name may have a
 * `?` before the query, as hubs require.
 *
 * @throws RegistrationRefusal
 */
export function readProvisioningLogin(packet: IConnectPacket): ProvisioningLogin {
    const login = readUserName(packet.username ?? "");
    if (packet.protocolId !== "MQTT" || packet.protocolVersion !== 4) {
        throw RegistrationRefusal.of(
            "protocolVersionUnsupported",
            "the service accepts MQTT 3.1.1 only (protocol level 4)",
        );
    }
    checkApiVersion(login.apiVersion);
    if (!sameId(packet.clientId, login.registrationId)) {
        throw RegistrationRefusal.of(
            "clientIdMismatch",
            `client ID "${packet.clientId}" and the registration ID of the user name, ` +
                `"${login.registrationId}", differ`,
        );
    }
    if (packet.password !== undefined && packet.password.length > 0) {
        throw RegistrationRefusal.of(
            "attestationNotSupported",
            "the device sent a password; the emulator supports X.509 only, where the TLS certificate " +
                "is the proof",
        );
    }
    if (packet.will !== undefined) {
        throw RegistrationRefusal.of(
            "willUnsupported",
            "the service does not accept will messages",
        );
    }
    return login;
}

function readUserName(userName: string): ProvisioningLogin & { apiVersion: string | null } {
    const match = /^([^/]+)\/registrations\/([^/]+)(?:\/\??(.*))?$/.exec(userName);
    if (match === null) {
        throw RegistrationRefusal.of(
            "userNameMalformed",
            `user name "${userName}" is not "{idScope}/registrations/{registrationId}/api-version=…"`,
        );
    }
    const apiVersion = new URLSearchParams(match[3] ?? "").get("api-version");
    return { idScope: match[1], registrationId: match[2], apiVersion };
}
