import { randomBytes } from "crypto";
import { Emulator } from "../../emulator/emulator";
import { Device, DeviceAuthentication, Hub, HubProperties } from "../../emulator/hub/model";
import { Issued } from "./pki";

/** Puts an active hub straight into a private emulator, for tests of the device port alone. */
export function addHub(emulator: Emulator, name: string, properties: HubProperties = {}): Hub {
    const hub: Hub = {
        id: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.Devices/IotHubs/${name}`,
        name,
        subscriptionId: "s",
        resourceGroup: "rg",
        location: "westeurope",
        cloud: "AzureCloud",
        hostName: `${name}.azure-devices.net`,
        createdAt: new Date().toISOString(),
        etag: "e",
        state: "Active",
        tags: {},
        sku: { name: "S1", capacity: 1 },
        properties,
        policies: ["device", "registryRead"].map((keyName) => ({
            keyName,
            primaryKey: newKey(),
            secondaryKey: newKey(),
            rights: keyName === "device" ? "DeviceConnect" : "RegistryRead",
        })),
        consumerGroups: new Map(),
        certificates: new Map(),
        devices: new Map(),
    };
    emulator.context.hubs.add(hub);
    return hub;
}

export function uploadCa(
    hub: Hub,
    name: string,
    ca: Pick<Issued, "certificate">,
    isVerified = true,
): void {
    const now = new Date().toUTCString();
    hub.certificates.set(name.toLowerCase(), {
        name,
        etag: "e",
        pem: ca.certificate,
        content: Buffer.from(ca.certificate).toString("base64"),
        isVerified,
        created: now,
        updated: now,
    });
}

export function addDevice(
    hub: Hub,
    deviceId: string,
    type: DeviceAuthentication["type"],
    thumbprints: readonly string[] = [],
): Device {
    const now = new Date().toISOString();
    const section = { version: 1, values: {}, updated: now };
    const isSas = type === "sas";
    const device: Device = {
        deviceId,
        generationId: randomBytes(8).readBigUInt64BE().toString(),
        etag: "MQ==",
        status: "enabled",
        statusReason: null,
        statusUpdatedTime: now,
        connectionStateUpdatedTime: now,
        lastActivityTime: now,
        authentication: {
            type,
            symmetricKey: {
                primaryKey: isSas ? newKey() : null,
                secondaryKey: isSas ? newKey() : null,
            },
            x509Thumbprint: {
                primaryThumbprint: thumbprints[0] ?? null,
                secondaryThumbprint: thumbprints[1] ?? null,
            },
        },
        capabilities: { iotEdge: false },
        twin: {
            etag: "AAAAAAAAAAE=",
            version: 1,
            tags: {},
            desired: { ...section },
            reported: { ...section },
        },
        inbox: [],
    };
    hub.devices.set(deviceId, device);
    return device;
}

function newKey(): string {
    return randomBytes(32).toString("base64");
}
