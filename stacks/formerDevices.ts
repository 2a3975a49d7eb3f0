import * as pulumi from "@pulumi/pulumi";
import { DeviceIdentity, DeviceIdentityArgs } from "../components/registry/deviceIdentity";
import { DeviceRegistration, DeviceRegistrationArgs } from "../components/dps/registration";
import { nameList } from "../components/dynamic/nameList";
import { DeviceCertificate } from "../components/pki/deviceCertificate";
import type { FleetBase } from "./fleetBase";
import { generationsOf } from "./formerGroups";
import { deviceTypes } from "./previousState";
import type { EnrollmentService } from "./provisioning";
import { Settings } from "./settings";

/** Handles the devices that are in the state but no longer in the configuration. */
export function handleFormerDevices(settings: Settings, base: FleetBase, fleetSize: number): void {
    const { previous, service } = base;
    const listed = new Set(settings.devices.map(({ id }) => id));
    const former = (type: string) => [...previous.all(type)].filter(([id]) => !listed.has(id));
    const identities = former(deviceTypes.identity);
    const registrations = former(deviceTypes.registration);
    const certificates = former(deviceTypes.certificate).map(([id]) => id);
    const held = new Set([...identities, ...registrations].map(([id]) => id));
    if (service !== undefined) {
        warnOfRegistered(certificates.filter((id) => !held.has(id)));
        for (const [deviceId, outputs] of registrations) {
            const args = outputs as unknown as DeviceRegistrationArgs;
            if (!settings.pruneDevices || mayRegister(settings, args)) {
                keepOut(deviceId, args, settings, { ...base, service });
            }
        }
    }
    if (settings.pruneDevices) {
        return;
    }
    for (const [deviceId, outputs] of identities) {
        keepIdentity(deviceId, outputs as unknown as DeviceIdentityArgs, base, fleetSize);
    }
    for (const deviceId of certificates.filter((id) => held.has(id))) {
        keepCertificate(deviceId, settings);
    }
}

/** For states of an earlier version, in which no resource represents an identity that the provisioning service created. */
function warnOfRegistered(ids: readonly string[]): void {
    if (ids.length > 0) {
        void pulumi.log.warn(
            `${nameList(ids)}: left the configuration before this version ran; the identity that the ` +
                `provisioning service created STAYS on the hub, and can connect until its certificate expires. To cut it off: ` +
                `add the device again, run "pulumi up", and remove it again; or delete the identity (az iot hub device-identity delete --auth-type login).`,
        );
    }
}

/** Whether a CA that may have signed for a device is still trusted, in its group or in one that it left. */
function mayRegister(
    settings: Settings,
    { group, generations = [], isReserved, formerGroups = [] }: DeviceRegistrationArgs,
): boolean {
    const own = isReserved ? [] : [{ group, generations }];
    return [...own, ...formerGroups].some((one) => {
        const trusted = generationsOf(settings, one.group);
        return one.generations.some((generation) => trusted.includes(generation));
    });
}

/** Declares what keeps the device out, so that a recreated service gets it, too. */
function keepOut(
    deviceId: string,
    args: DeviceRegistrationArgs,
    { pruneDevices }: Settings,
    { hub, service }: FleetBase & { readonly service: EnrollmentService },
): void {
    if (args.status !== "disabled" && !pruneDevices) {
        void pulumi.log.info(
            `device "${deviceId}" left the configuration: it can no longer register, and stays on its hub, disabled ` +
                `(iot-x509:pruneDevices)`,
        );
    }
    const { registrationId, group, isListed, owner, certificate, former, generations, key } = args;
    const { formerGroups } = args;
    new DeviceRegistration(
        deviceId,
        {
            serviceId: service.serviceId,
            hostName: service.hostName,
            hubHostName: hub.hostName,
            registrationId,
            group,
            status: "disabled",
            isEnrolled: false,
            isListed,
            isBlocked: false,
            left: pruneDevices ? "deleted" : "disabled",
            owner,
            certificate,
            ...(former === undefined ? {} : { former }),
            ...(generations === undefined ? {} : { generations }),
            ...(formerGroups === undefined ? {} : { formerGroups }),
            ...(key === undefined ? {} : { key }),
        },
        { dependsOn: service.ready },
    );
}

/** Keeps the identity, disabled; a device that comes back is enabled again. */
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

/** Keeps the certificate unchanged, with its key: nothing is issued without an issuer. */
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
