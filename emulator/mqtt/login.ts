import { IConnectPacket } from "mqtt-packet";
import { Refusal } from "../x509/refusals";

/** The device and host that a CONNECT packet names. */
export interface Login {
    /** Host name, with the port if the client wrote one. */
    readonly host: string;
    readonly deviceId: string;
    readonly apiVersion: string;
    /** The SDK's client type, percent-decoded, if present. */
    readonly clientType: string | undefined;
}

/**
 * Reads client ID and user name: the client ID is the device ID, the user name `{host}/{deviceId}/?api-version=…`
 * (Azure docs: iot-hub-mqtt-support). The `?` may be missing, as in azure-iot-device for Node.
 *
 * @throws Refusal
 */
export function readLogin(packet: IConnectPacket): Login {
    const { clientId } = packet;
    if (clientId === "") {
        // [MQTT-3.1.3-8] forbids an empty identifier without clean session; here any is refused, as the identifier
        // names the device.
        throw new Refusal("clientIdMissing", "the client ID is empty; it must be the device ID", 2);
    }
    if (packet.username === undefined || packet.username === "") {
        throw new Refusal(
            "userNameMissing",
            `no user name; it must be "{hub}.azure-devices.net/${clientId}/?api-version=2021-04-12"`,
        );
    }
    const [host, deviceId, ...rest] = packet.username.split("/");
    if (host === "" || deviceId === undefined || deviceId === "") {
        throw new Refusal(
            "userNameMalformed",
            `user name "${packet.username}" is not "{host}/{deviceId}/?api-version=…"`,
        );
    }
    if (clientId.includes("/") || (rest.length > 1 && rest[0] !== "")) {
        throw new Refusal(
            "modulesNotImplemented",
            "the emulator does not emulate module identities; connect as a device",
        );
    }
    const query = new URLSearchParams(rest.join("/").replace(/^\?/, ""));
    const apiVersion = query.get("api-version");
    if (apiVersion === null) {
        throw new Refusal(
            "apiVersionMissing",
            `user name "${packet.username}" lacks "/?api-version=2021-04-12" after the device ID`,
        );
    }
    if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(apiVersion)) {
        throw new Refusal(
            "apiVersionMalformed",
            `api-version "${apiVersion}" in the user name is not a date such as 2021-04-12`,
        );
    }
    if (deviceId !== clientId) {
        throw new Refusal(
            "clientIdMismatch",
            `client ID "${clientId}" and the device of the user name, "${deviceId}", differ; both ` +
                `must be the device ID`,
        );
    }
    return { host, deviceId, apiVersion, clientType: query.get("DeviceClientType") ?? undefined };
}
