import { Hub } from "./model";

export interface ConnectionInfo {
    readonly hub: string;
    readonly deviceId: string;
    readonly connectedAt: string;
    readonly protocol: string;
    /** How the device authenticated: `x509Certificate`, `x509CertificateAuthority` or `sas`. */
    readonly authentication: string;
}

export interface RefusedConnection {
    readonly time: string;
    readonly hub: string | undefined;
    readonly deviceId: string | undefined;
    /** Short name of the reason, e.g. `issuerNotTrusted`. */
    readonly reason: string;
    /** Explains the reason to a person and says what to fix. */
    readonly detail: string;
    /** IoT Hub error code as in Azure's diagnostics, e.g. 401003. */
    readonly errorCode: number;
}

export interface MethodCall {
    readonly name: string;
    readonly payload: unknown;
    /** Seconds to wait for the device to connect. Default 0. */
    readonly connectTimeout: number;
    /** Seconds to wait for the reply. */
    readonly responseTimeout: number;
}

export interface MethodResult {
    readonly status: number;
    readonly payload: unknown;
}

/** The open connections of devices, as the registry and the management API see them. */
export interface DeviceConnections {
    isConnected(hub: Hub, deviceId: string): boolean;
    list(): readonly ConnectionInfo[];
    refused(): readonly RefusedConnection[];
    clearRefused(): void;
    /** Undefined when the device does not come online in time; null when it does not reply in time. */
    invokeMethod(
        hub: Hub,
        deviceId: string,
        call: MethodCall,
    ): Promise<MethodResult | undefined | null>;
    /** Closes a device's connection, if it has one. */
    disconnect(hub: Hub, deviceId: string, why: string): void;
}
