import * as pulumi from "@pulumi/pulumi";
import { DeviceIdentity } from "../components/registry/deviceIdentity";
import { DeviceCertificate } from "../components/pki/deviceCertificate";
import { Issuer } from "../components/pki/issuer";
import { SigningCa } from "./authorities";
import { kindOf } from "./deviceKinds/deviceKinds";
import { isOpen, noGroup } from "../components/dps/formerGroups";
import { isListed, registersAtDps } from "./deviceProvisioning";
import { formerGroups } from "./formerGroups";
import { handleFormerDevices } from "./formerDevices";
import { deviceTypes } from "./previousState";
import {
    createIndividualEnrollment,
    createRegistration,
    createReservation,
    EnrollmentService,
} from "./provisioning";
import { DeviceSettings, GroupSettings, Settings } from "./settings";
import { devicesOf } from "./shards";
import { FleetBase } from "./fleetBase";

/** One device as it was declared. */
export interface Device {
    readonly settings: DeviceSettings;
    /** Undefined if no CA signs for the device, and while the group's first CA awaits an offline signature. */
    readonly certificate: DeviceCertificate | undefined;
    /** PEM of the CA that signed it; undefined if the group has none at present. */
    readonly issuerCertificate: pulumi.Output<string> | undefined;
}

/** Declares the certificate and the identity of every device that belongs to this stack. */
export function createFleet(settings: Settings, base: FleetBase): ReadonlyMap<string, Device> {
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    const issuers = new Map<string, Issuer>();
    const fleet = new Map<string, Device>();
    const devices = devicesOf(settings);
    for (const device of devices) {
        const group = device.group === undefined ? undefined : groups.get(device.group);
        const hasIdentity = base.previous.find(deviceTypes.identity, device.id) !== undefined;
        // The provisioning service creates the identities of devices that are not listed; an existing one may stay.
        const isIdentified = isListed(group) || (hasIdentity && !settings.pruneDevices);
        const identify = (certificate?: DeviceCertificate): void => {
            if (isIdentified) {
                const signed = hasIdentity || base.hub.isNew ? undefined : certificate;
                createIdentity(device, group, base, devices.length, signed);
            }
        };
        const ca = group && base.issuers.get(group.name);
        const isKept = base.previous.find(deviceTypes.certificate, device.id) !== undefined;
        if (group === undefined || (ca === undefined && !isKept)) {
            identify();
            fleet.set(device.id, {
                settings: device,
                certificate: undefined,
                issuerCertificate: undefined,
            });
            reserve(settings, base, device);
            continue;
        }
        const issuer = issuers.get(group.name) ?? (ca && createIssuer(group, ca));
        if (issuer !== undefined) {
            issuers.set(group.name, issuer);
        }
        const certificate = createCertificate(settings, device, group, issuer);
        identify(certificate);
        if (certificate === undefined) {
            reserve(settings, base, device);
        } else if (base.service !== undefined) {
            createEntries(settings, base, base.service, group, device, certificate);
        }
        fleet.set(device.id, {
            settings: device,
            certificate,
            issuerCertificate: ca?.certificate,
        });
    }
    handleFormerDevices(settings, base, devices.length);
    return fleet;
}

/** Declares what the provisioning service holds for a device. */
function createEntries(
    settings: Settings,
    { hub, owner, previous }: FleetBase,
    service: EnrollmentService,
    group: GroupSettings,
    device: DeviceSettings,
    { certificate, former }: DeviceCertificate,
): void {
    const left = formerGroups(settings, previous, device.id, group.name);
    const args = { hubHostName: hub.hostName, owner, certificate, left };
    if (!registersAtDps(group)) {
        if (settings.dps?.reserveIds || isOpen(left)) {
            createReservation(service, group.name, device, args);
        }
        return;
    }
    const enrollment = device.individualEnrollment
        ? createIndividualEnrollment(service, group, device, certificate)
        : undefined;
    createRegistration(service, group, device, { ...args, enrollment, former });
}

/** A device without a CA-signed certificate may still have one from a group that it left. */
function reserve(
    settings: Settings,
    { hub, owner, service, previous }: FleetBase,
    device: DeviceSettings,
): void {
    const left = formerGroups(settings, previous, device.id, undefined);
    if (
        service !== undefined &&
        kindOf(device.authentication).certificate === undefined &&
        isOpen(left)
    ) {
        const certificate = String(previous.find(deviceTypes.registration, device.id)?.certificate);
        const args = { hubHostName: hub.hostName, owner, certificate, left };
        createReservation(service, noGroup, device, args);
    }
}

function createIssuer(group: GroupSettings, { certificate, privateKey }: SigningCa): Issuer {
    return new Issuer(group.name, { certificate, key: privateKey });
}

function createIdentity(
    device: DeviceSettings,
    group: GroupSettings | undefined,
    { hub, owner }: FleetBase,
    fleetSize: number,
    signed: DeviceCertificate | undefined,
): DeviceIdentity {
    const { authentication, status, tags, adopt } = device;
    return new DeviceIdentity(
        device.id,
        {
            hubId: hub.hubId,
            deviceId: device.id,
            status: group?.blocked ? "disabled" : status,
            owner,
            fleetSize,
            ...kindOf(authentication).identity(authentication),
            ...(Object.keys(tags).length > 0 ? { tags } : {}),
            ...(adopt ? { adopt } : {}),
            ...(registersAtDps(group) ? { isProvisioned: true } : {}),
        },
        { dependsOn: whenSigned(signed, trustedCa(group, hub.trusted) ?? hub.ready) },
    );
}

/**
 * Declares a new identity once its certificate is there, so that its tag tells of it. The identity does not depend on the
 * certificate in the state, which would take room and let neither be removed alone. A certificate that fails stops nothing.
 */
function whenSigned(
    certificate: DeviceCertificate | undefined,
    ready: pulumi.Resource[],
): pulumi.Input<pulumi.Resource[]> {
    if (certificate === undefined) {
        return ready;
    }
    const { urn } = certificate as unknown as { readonly urn: { promise(): Promise<string> } };
    return urn.promise().then(
        () => ready,
        () => ready,
    );
}

/** What the hub must trust before it is told to expect a certificate from the group. */
function trustedCa(
    group: GroupSettings | undefined,
    trusted: FleetBase["hub"]["trusted"],
): pulumi.Resource[] | undefined {
    const ca =
        group &&
        (trusted?.get(`${group.name}-g${group.intermediate.generation}`) ?? trusted?.get("root"));
    return ca && [ca];
}

function createCertificate(
    settings: Settings,
    device: DeviceSettings,
    group: GroupSettings,
    issuer: Issuer | undefined,
): DeviceCertificate | undefined {
    const { authentication } = device;
    const certificate = kindOf(authentication).certificate;
    if (certificate === undefined) {
        return undefined;
    }
    return new DeviceCertificate(device.id, {
        deviceId: device.id,
        organization: settings.organization,
        country: settings.country,
        validityDays: group.validityDays,
        renewBeforeDays: group.renewBeforeDays,
        issuer,
        ...certificate.args(authentication, group),
    });
}
