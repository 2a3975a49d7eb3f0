import * as assert from "assert";
import { NoRetry } from "azure-iot-common";
import { Client } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { ConnectionInfo, RefusedConnection } from "../../emulator/hub/connections";
import { shared } from "./emulator";

/** What a device needs to connect. */
export interface DeviceCredentials {
    readonly connectionString: string;
    /** PEM, leaf first. */
    readonly chain: string;
    /** PEM. */
    readonly privateKey: string;
}

/** Connects with Azure's device SDK over MQTT; what ends the connection ends it for good. */
export async function connectDevice(device: DeviceCredentials): Promise<Client> {
    const client = Client.fromConnectionString(device.connectionString, Mqtt);
    client.setRetryPolicy(new NoRetry());
    client.on("error", () => undefined);
    await client.setOptions({ cert: device.chain, key: device.privateKey });
    await client.open();
    return client;
}

/** Connects and leaves again. */
export async function connects(device: DeviceCredentials): Promise<void> {
    const client = await connectDevice(device);
    await client.close();
}

/** Expects a refusal; returns the hub's reason, e.g. `deviceDisabled`. */
export async function refusal(device: DeviceCredentials): Promise<string> {
    const { manage } = shared();
    const before = (await manage<RefusedConnection[]>("GET", "/refusals")).length;
    await assert.rejects(connects(device), { name: "UnauthorizedError" });
    const refusals = await manage<RefusedConnection[]>("GET", "/refusals");
    assert.equal(refusals.length, before + 1);
    return refusals[before].reason;
}

/** A device's connection as the hub sees it; undefined when there is none. */
export async function liveConnection(
    hub: string,
    deviceId: string,
): Promise<ConnectionInfo | undefined> {
    const connections = await shared().manage<ConnectionInfo[]>("GET", "/connections");
    return connections.find((one) => one.hub === hub && one.deviceId === deviceId);
}
