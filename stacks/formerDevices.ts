import * as pulumi from "@pulumi/pulumi";
import { DeviceIdentity, DeviceIdentityArgs } from "../components/iothub/deviceIdentity";
import { DeviceCertificate } from "../components/pki/deviceCertificate";
import type { FleetBase } from "./fleet";
import { deviceTypes } from "./previousState";
import { Settings } from "./settings";

/** So many devices a warning names; the rest are counted. */
const named = 20;

/** What becomes of the devices that the state has and the configuration has no more. */
export function handleFormerDevices(settings: Settings, base: FleetBase, fleetSize: number): void {
    const { previous, service } = base;
    const listed = new Set(settings.devices.map(({ id }) => id));
    const identities = [...previous.all(deviceTypes.identity)].filter(([id]) => !listed.has(id));
    const certificates = [...previous.all(deviceTypes.certificate).keys()].filter(
        (id) => !listed.has(id),
    );
    const withIdentity = new Set(identities.map(([id]) => id));
    if (service !== undefined) {
        warnOfRegistered(certificates.filter((id) => !withIdentity.has(id)));
    }
    if (settings.pruneDevices) {
        return;
    }
    for (const [deviceId, outputs] of identities) {
        keepIdentity(deviceId, outputs as unknown as DeviceIdentityArgs, base, fleetSize);
    }
    for (const deviceId of certificates.filter((id) => withIdentity.has(id))) {
        keepCertificate(deviceId, settings);
    }
}

/** No resource stands for an identity that the provisioning service made. */
function warnOfRegistered(ids: readonly string[]): void {
    if (ids.length > 0) {
        const more = ids.length > named ? ` and ${ids.length - named} more` : "";
        void pulumi.log.warn(
            `${ids.slice(0, named).join(", ")}${more}: left the configuration; what the provisioning service made of it ` +
                `STAYS on the hub, and connects until its certificate ends. To cut it off: "enrollment: individual" and ` +
                `"status: disabled" while it is listed, or delete it there (az iot hub device-identity delete).`,
        );
    }
}

/** Disabled; a device that comes back is enabled again. */
function keepIdentity(
    deviceId: string,
    { status, thumbprints, tags, isProvisioned, owner }: DeviceIdentityArgs,
    { hub }: FleetBase,
    fleetSize: number,
): void {
    if (status !== "disabled") {
        void pulumi.log.info(
            `device "${deviceId}" left the configuration: it stays on the hub, disabled (iot-x509:pruneDevices)`,
        );
    }
    new DeviceIdentity(
        deviceId,
        {
            hubId: hub.hubId,
            deviceId,
            status: "disabled",
            owner,
            fleetSize,
            ...(thumbprints === undefined ? {} : { thumbprints }),
            ...(tags === undefined ? {} : { tags }),
            ...(isProvisioned === undefined ? {} : { isProvisioned }),
        },
        { dependsOn: hub.ready },
    );
}

/** As it is, with its key: nothing is issued without an issuer. */
function keepCertificate(deviceId: string, { organization, country }: Settings): void {
    new DeviceCertificate(deviceId, {
        deviceId,
        organization,
        country,
        validityDays: 1,
        renewBeforeDays: 0,
        issuer: undefined,
    });
}
