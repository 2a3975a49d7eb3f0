import { randomBytes } from "crypto";
import { DefaultAzureCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { connectAsync, MqttClient } from "mqtt";
import { shared } from "../support/sharedEmulator";
import { iotHubClient, makeHub } from "../support/iotHubClient";
import { chain, issue, Issued, makeCa } from "../support/pki";
import { MemoryWatch } from "./memory";
import { inParallel } from "../../scripts/lib/inParallel";

export interface LoadOptions {
    readonly devices: number;
    readonly messagesPerDevice: number;
    /** TLS handshakes under way at once. */
    readonly concurrency: number;
}

export interface LoadFigures {
    /** Connections that were open at the same time. */
    readonly connected: number;
    readonly handshakesPerSecond: number;
    /** Messages acknowledged (QoS 1) by the hub, a second. */
    readonly messagesPerSecond: number;
    /** Messages that the hub has, and how many of them are distinct. */
    readonly received: number;
    readonly distinct: number;
    /** Highest resident memory of the emulator's process that was seen, in MB (10^6 bytes). */
    readonly emulatorMegabytes: number;
}

interface Fleet {
    readonly hostName: string;
    readonly hub: string;
    readonly ids: readonly string[];
    readonly intermediate: Issued;
}

/** Devices with CA-signed certificates connect by mTLS, all at once, and send telemetry. */
export async function runLoad(options: LoadOptions): Promise<LoadFigures> {
    const fleet = await makeFleet(options.devices);
    const { manage } = shared();
    const memory = new MemoryWatch();
    const leaves = await Promise.all(
        fleet.ids.map((commonName) => issue(fleet.intermediate, { commonName })),
    );
    const connecting = Date.now();
    const clients = await inParallel(options.concurrency, leaves, (leaf, index) =>
        connect(fleet, fleet.ids[index], leaf),
    );
    const connectSeconds = (Date.now() - connecting) / 1000;
    const connected = (await manage<{ hub: string }[]>("GET", "/connections")).filter(
        ({ hub }) => hub === fleet.hub,
    ).length;
    const sending = Date.now();
    await Promise.all(clients.map((client, index) => send(client, fleet.ids[index], options)));
    const sendSeconds = (Date.now() - sending) / 1000;
    const { messages } = await manage<{ messages: { body: string }[] }>(
        "GET",
        `/messages?hub=${fleet.hub}`,
    );
    await Promise.all(clients.map((client) => client.endAsync()));
    return {
        connected,
        handshakesPerSecond: options.devices / connectSeconds,
        messagesPerSecond: (options.devices * options.messagesPerDevice) / sendSeconds,
        received: messages.length,
        distinct: new Set(messages.map(({ body }) => body)).size,
        emulatorMegabytes: memory.stop(),
    };
}

async function makeFleet(devices: number): Promise<Fleet> {
    const hub = `load-${randomBytes(4).toString("hex")}`;
    const arm = iotHubClient();
    await makeHub(arm, hub, hub);
    const root = await makeCa({ commonName: "Load Root CA" });
    const intermediate = await issue(root, { commonName: "Load Intermediate CA", ca: true });
    const certificate = Buffer.from(intermediate.certificate).toString("base64");
    await arm.certificates.createOrUpdate(hub, hub, "load", {
        properties: { certificate, isVerified: true },
    });
    const hostName = `${hub}.azure-devices.net`;
    const registry = Registry.fromTokenCredential(hostName, new DefaultAzureCredential());
    const ids = Array.from({ length: devices }, (_, index) => `load-${index}`);
    for (let at = 0; at < devices; at += 100) {
        await registry.addDevices(
            ids.slice(at, at + 100).map((deviceId) => ({
                deviceId,
                authentication: { type: "certificateAuthority" },
            })),
        );
    }
    return { hostName, hub, ids, intermediate };
}

function connect(fleet: Fleet, deviceId: string, leaf: Issued): Promise<MqttClient> {
    return connectAsync({
        protocol: "mqtts",
        host: fleet.hostName,
        port: 8883,
        servername: fleet.hostName,
        clientId: deviceId,
        username: `${fleet.hostName}/${deviceId}/?api-version=2021-04-12`,
        cert: chain(leaf, fleet.intermediate),
        key: leaf.key,
        reconnectPeriod: 0,
        protocolVersion: 4,
    });
}

async function send(client: MqttClient, deviceId: string, options: LoadOptions): Promise<void> {
    for (let sequence = 0; sequence < options.messagesPerDevice; sequence++) {
        const body = JSON.stringify({ deviceId, sequence });
        await client.publishAsync(`devices/${deviceId}/messages/events/`, body, { qos: 1 });
    }
}
