import { ConnectionOptions } from "tls";
import * as mqtt from "mqtt";
import { Issued } from "./pki";

/** Options of the client, those that it hands to TLS included. */
export type ClientOptions = mqtt.IClientOptions &
    Pick<ConnectionOptions, "ciphers" | "minVersion" | "maxVersion">;

export interface DeviceLogin {
    /** Port on loopback. */
    readonly port: number;
    /** CA that the server's certificate must chain to, PEM. */
    readonly ca: string;
    /** Host name of the hub: SNI, and in the user name. */
    readonly host: string;
    readonly deviceId: string;
    /** The device's certificate and key; undefined sends none. */
    readonly leaf?: Issued;
    /** What is sent, when it is not the leaf alone. */
    readonly cert?: string;
    /** What differs from a plain good login. */
    readonly options?: ClientOptions;
}

/** The user name that IoT Hub wants. */
export function userName(host: string, deviceId: string): string {
    return `${host}/${deviceId}/?api-version=2021-04-12`;
}

function clientOptions(login: DeviceLogin): mqtt.IClientOptions {
    const { port, ca, host, deviceId, leaf, cert, options } = login;
    return {
        protocol: "mqtts",
        host: "127.0.0.1",
        port,
        ca,
        servername: host,
        clientId: deviceId,
        username: userName(host, deviceId),
        protocolVersion: 4,
        reconnectPeriod: 0,
        connectTimeout: 10_000,
        ...(leaf === undefined ? {} : { key: leaf.key, cert: cert ?? leaf.certificate }),
        ...options,
    };
}

/** Connects and resolves with the client once CONNACK 0 has come. */
export function connect(login: DeviceLogin): Promise<mqtt.MqttClient> {
    return mqtt.connectAsync(clientOptions(login));
}

/** The CONNACK return code of a login: 0 when it is accepted; the connection is ended either way. */
export async function returnCode(login: DeviceLogin): Promise<number> {
    const client = mqtt.connect(clientOptions(login));
    try {
        return await new Promise<number>((resolve, reject) => {
            client.on("packetreceive", (packet) => {
                if (packet.cmd === "connack") {
                    resolve(packet.returnCode ?? packet.reasonCode ?? -1);
                }
            });
            // Every refusal also arrives as an error event, after its packet.
            client.on("error", reject);
            client.on("close", () => reject(new Error("closed without CONNACK")));
        });
    } finally {
        client.on("error", () => undefined);
        await client.endAsync(true);
    }
}
