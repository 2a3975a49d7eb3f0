import { Cloud } from "../core/clouds";

/** An IoT hub as all parts of the emulator (ARM, registry, MQTT, AMQP, DPS) see it. */
export interface Hub {
    /** ARM resource ID, as spelled at creation. */
    readonly id: string;
    readonly name: string;
    readonly subscriptionId: string;
    readonly resourceGroup: string;
    readonly location: string;
    readonly cloud: Cloud["name"];
    /** `<name>.azure-devices.net`, lower case. */
    readonly hostName: string;
    /** Whether it also has separate host names for devices and for services: see {@link hostNameFor}. */
    readonly gatewayV2?: boolean;
    readonly createdAt: string;
    etag: string;
    state: "Activating" | "Active" | "Deleting";
    tags: Record<string, string>;
    sku: { name: string; capacity: number };
    identity?: unknown;
    /** ARM `properties` as the user set them, without those that the service computes. */
    properties: HubProperties;
    policies: SharedAccessPolicy[];
    /** Event Grid subscriptions to the hub, by name. */
    eventSubscriptions?: Readonly<Record<string, unknown>>;
    /** Time of the last ARM write, in milliseconds of the emulator's clock. */
    writtenAt?: number;
    /** Consumer groups of the built-in `events` endpoint. */
    consumerGroups: Map<string, ConsumerGroup>;
    /** By name, lower case. */
    readonly certificates: Map<string, HubCertificate>;
    /** By device ID; IDs are case-sensitive. */
    readonly devices: Map<string, Device>;
}

export interface HubProperties {
    disableLocalAuth?: boolean;
    disableDeviceSAS?: boolean;
    disableModuleSAS?: boolean;
    minTlsVersion?: string;
    [name: string]: unknown;
}

export interface SharedAccessPolicy {
    readonly keyName: string;
    /** Base64. */
    readonly primaryKey: string;
    readonly secondaryKey: string;
    /** Comma-separated, e.g. `RegistryRead, RegistryWrite`. */
    readonly rights: string;
}

export interface ConsumerGroup {
    readonly name: string;
    readonly etag: string;
    readonly created: string;
}

/** A CA certificate uploaded to a hub. */
export interface HubCertificate {
    readonly name: string;
    etag: string;
    /** PEM of exactly one certificate. */
    pem: string;
    /** What the client uploaded, base64 as sent. */
    content: string;
    isVerified: boolean;
    created: string;
    updated: string;
    /** The latest proof-of-possession code; undefined when none is open. */
    verificationCode?: string;
}

export type DeviceStatus = "enabled" | "disabled";

/** `authentication.type` of a device identity. */
export type AuthenticationType = "sas" | "selfSigned" | "certificateAuthority";

export interface DeviceAuthentication {
    type: AuthenticationType;
    /** Base64 keys; only set for type `sas`. */
    symmetricKey: { primaryKey: string | null; secondaryKey: string | null };
    /** Hex without separators: SHA-1 (40) or SHA-256 (64). */
    x509Thumbprint: { primaryThumbprint: string | null; secondaryThumbprint: string | null };
}

export interface Device {
    readonly deviceId: string;
    readonly generationId: string;
    etag: string;
    status: DeviceStatus;
    statusReason: string | null;
    statusUpdatedTime: string;
    connectionStateUpdatedTime: string;
    lastActivityTime: string;
    authentication: DeviceAuthentication;
    capabilities: { iotEdge: boolean };
    /** Scopes of the IoT Edge devices above it; absent in older snapshots. */
    parentScopes?: readonly string[];
    readonly twin: Twin;
    /** Waiting cloud-to-device messages, oldest first; at most 50 (Azure docs: iot-hub-devguide-messages-c2d). */
    readonly inbox: CloudToDeviceMessage[];
}

export interface Twin {
    etag: string;
    version: number;
    tags: Record<string, unknown>;
    desired: TwinProperties;
    reported: TwinProperties;
}

export interface TwinProperties {
    version: number;
    values: Record<string, unknown>;
    /** ISO time of the last change. */
    updated: string;
}

export interface CloudToDeviceMessage {
    readonly messageId: string;
    readonly body: Buffer;
    /** Application properties. */
    readonly properties: Readonly<Record<string, string>>;
    /** System properties as their MQTT names, e.g. `$.mid`, `$.to`. */
    readonly systemProperties: Readonly<Record<string, string>>;
}

/** A device-to-cloud message as stored in the built-in endpoint. */
export interface Telemetry {
    readonly hub: string;
    readonly deviceId: string;
    readonly enqueuedTime: string;
    /** Body as text if it is UTF-8, otherwise base64 (`bodyEncoding`). */
    readonly body: string;
    readonly bodyEncoding: "utf8" | "base64";
    readonly properties: Readonly<Record<string, string>>;
    /** `iothub-connection-device-id`, `iothub-connection-auth-method`, … (Azure docs: iot-hub-devguide-messages-construct). */
    readonly systemProperties: Readonly<Record<string, string>>;
}
