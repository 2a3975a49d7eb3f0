import * as pulumi from "@pulumi/pulumi";
import { DeviceIdentity } from "../components/iothub/deviceIdentity";
import { DeviceCertificate } from "../components/pki/deviceCertificate";
import { Issuer } from "./authorities";
import { Platform } from "./platform";
import { createIndividualEnrollment } from "./provisioning";
import { DeviceSettings, GroupSettings, Settings } from "./settings";

/** One device as it was declared. */
export interface Device {
    readonly settings: DeviceSettings;
    /** Undefined for a thumbprint device, and while the group's CA awaits an offline signature. */
    readonly certificate: DeviceCertificate | undefined;
    /** The leaf and its issuer, leaf first, without the root: what the device presents. */
    readonly chain: pulumi.Output<string> | undefined;
}

/** Declares the certificate and the identity of every device. */
export function createFleet(settings: Settings, platform: Platform): ReadonlyMap<string, Device> {
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
    const fleet = new Map<string, Device>();
    for (const device of settings.devices) {
        const group = device.group === undefined ? undefined : groups.get(device.group);
        const issuer = group && platform.authorities.issuers.get(group.name);
        // The provisioning service makes the identity of a device that is not listed.
        if (group?.provisioning !== "dps") {
            createIdentity(device, group, platform, owner);
        }
        const certificate =
            group === undefined || issuer === undefined
                ? undefined
                : createCertificate(settings, device, group, issuer);
        if (group !== undefined && certificate !== undefined && device.individualEnrollment) {
            const { provisioning } = platform;
            if (provisioning !== undefined) {
                createIndividualEnrollment(provisioning, group, device, certificate.certificate);
            }
        }
        const chain =
            certificate && pulumi.interpolate`${certificate.certificate}${issuer?.certificate}`;
        fleet.set(device.id, { settings: device, certificate, chain });
    }
    return fleet;
}

function createIdentity(
    device: DeviceSettings,
    group: GroupSettings | undefined,
    platform: Platform,
    owner: string,
): DeviceIdentity {
    const { hub } = platform;
    const { authentication: auth, status, tags, adopt } = device;
    return new DeviceIdentity(
        device.id,
        {
            hubId: hub.hubId,
            hostName: hub.hostName,
            deviceId: device.id,
            status: group?.blocked ? "disabled" : status,
            owner,
            ...(auth.kind === "thumbprint"
                ? { thumbprints: [auth.primary, auth.secondary].filter((one) => one !== undefined) }
                : {}),
            ...(Object.keys(tags).length > 0 ? { tags } : {}),
            ...(adopt ? { adopt } : {}),
            ...(group?.provisioning === "both" ? { isProvisioned: true } : {}),
        },
        { dependsOn: hub.ready },
    );
}

function createCertificate(
    settings: Settings,
    device: DeviceSettings,
    group: GroupSettings,
    issuer: Issuer,
): DeviceCertificate | undefined {
    const { authentication } = device;
    if (authentication.kind === "thumbprint") {
        return undefined;
    }
    return new DeviceCertificate(device.id, {
        deviceId: device.id,
        organization: settings.organization,
        country: settings.country,
        validityDays: group.validityDays,
        renewBeforeDays: group.renewBeforeDays,
        issuerCertificate: issuer.certificate,
        issuerKey: issuer.privateKey,
        ...(authentication.kind === "csr"
            ? { csr: authentication.csrPem }
            : { keyAlgorithm: group.keyAlgorithm, keyGeneration: authentication.keyGeneration }),
    });
}
