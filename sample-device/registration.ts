import { ProvisioningDeviceClient } from "azure-iot-provisioning-device";
import { Mqtt as ProvisioningTransport } from "azure-iot-provisioning-device-mqtt";
import { X509Security } from "azure-iot-security-x509";

/** The global host of the provisioning service for all devices (Azure docs: iot-dps, concepts-service). */
export const globalProvisioningHost = "global.azure-devices-provisioning.net";

export interface RegistrationRequest {
    readonly idScope: string;
    /** Common name of the device's certificate. */
    readonly registrationId: string;
    /** PEM, leaf first. */
    readonly chainPem: string;
    readonly keyPem: string;
    /** Default {@link globalProvisioningHost}. */
    readonly host?: string;
}

/**
 * Registers a device that has only its certificate and the ID scope.
 *
 * @returns the connection string for the hub that the device was assigned to
 * @throws Error of the SDK when the provisioning service refuses the device; its `result` has the service's code and
 *     text
 */
export async function register(request: RegistrationRequest): Promise<string> {
    const { registrationId, chainPem, keyPem, idScope } = request;
    const client = ProvisioningDeviceClient.create(
        request.host ?? globalProvisioningHost,
        idScope,
        new ProvisioningTransport(),
        new X509Security(registrationId, { cert: chainPem, key: keyPem }),
    );
    const result = await client.register();
    if (result?.assignedHub === undefined) {
        throw new Error(`the provisioning service assigned no hub to ${registrationId}`);
    }
    return `HostName=${result.assignedHub};DeviceId=${result.deviceId};x509=true`;
}
