import { X509Certificate } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { VerifiedCertificate } from "../components/caCertificates/verifiedCertificate";
import { certificateFacts } from "../components/x509/certificates";
import { oneLine } from "../components/x509/distinguishedName";
import { countKinds, kindOf } from "./deviceKinds/deviceKinds";
import { Device } from "./fleet";
import { exportPlatformReference } from "./platformReference";
import { Platform } from "./platform";
import { Provisioning } from "./provisioning";
import { Settings } from "./settings";
import { devicesOf } from "./shards";

/** The stack's outputs: a summary of the fleet, and the data of the devices that the configuration selects. */
export function stackOutputs(
    settings: Settings,
    platform: Platform,
    fleet: ReadonlyMap<string, Device>,
): pulumi.Inputs {
    const { hub, routes, resourceGroup, ci, authorities, provisioning } = platform;
    const certificates = new Map([
        ...authorities.roots.map(({ name, certificate }) => [name, certificate] as const),
        ...authorities.intermediates.map(({ name, certificate }) => [name, certificate] as const),
    ]);
    return {
        resourceGroupName: resourceGroup.name,
        hub: { name: hub.hubName, hostName: hub.hostName, id: hub.hubId },
        ...(routes.output === undefined ? {} : { routes: routes.output }),
        certificateAuthorities: mapValues(certificates, (one) => one.apply(authorityOutput)),
        trusted: mapValues(platform.trusted, trustOutput),
        ...(provisioning === undefined ? {} : { provisioning: provisioningOutput(provisioning) }),
        ...fleetOutputs(settings, fleet, hub.hostName),
        ...exportPlatformReference(settings, platform),
        signingRequests: mapValues(authorities.pending, (one) => one.signingRequest),
        ...(ci === undefined ? {} : { ciClientId: ci.deployer.clientId }),
        ...(ci?.previewer === undefined ? {} : { ciPreviewClientId: ci.previewer.clientId }),
    };
}

/** The outputs that fleet stacks have, too. */
export function fleetOutputs(
    settings: Settings,
    fleet: ReadonlyMap<string, Device>,
    hostName: pulumi.Output<string>,
): pulumi.Inputs {
    const shown = settings.outputDevices.flatMap((id) => {
        const device = fleet.get(id);
        return device === undefined ? [] : [[id, deviceOutput(device, hostName)] as const];
    });
    // One secret: in plain text, the engine would print every device's certificate whenever one device changes.
    const devices = shown.length === 0 ? {} : pulumi.secret(Object.fromEntries(shown));
    return { fleet: summary(settings), devices };
}

/** Leaves out what cannot have a value: a preview would show it as unknown, as if it were to come. */
function trustOutput({ certificateName, isVerified, verificationCode }: VerifiedCertificate) {
    return {
        certificateName,
        isVerified,
        ...(verificationCode === undefined
            ? {}
            : { verificationCode: isVerified.apply((is) => (is ? undefined : verificationCode)) }),
    };
}

function provisioningOutput({ service, trusted, enrollmentGroups }: Provisioning) {
    return {
        name: service.serviceName,
        idScope: service.idScope,
        deviceHostName: service.deviceHostName,
        serviceHostName: service.hostName,
        trusted: mapValues(trusted, trustOutput),
        enrollmentGroups: mapValues(enrollmentGroups, ({ id }) => id),
    };
}

function deviceOutput(device: Device, hostName: pulumi.Output<string>) {
    const { settings, certificate, issuerCertificate } = device;
    return {
        connectionString: pulumi.interpolate`HostName=${hostName};DeviceId=${settings.id};x509=true`,
        certificate: certificate?.certificate,
        // What the device presents: leaf first, without the root.
        chain:
            certificate &&
            issuerCertificate &&
            pulumi.interpolate`${certificate.certificate}${issuerCertificate}`,
        ...(kindOf(settings.authentication).certificate?.hasGeneratedKey
            ? { privateKey: certificate?.privateKey }
            : {}),
        notAfter: certificate?.certificate.apply((pem) => certificateFacts(pem).notAfter),
    };
}

function authorityOutput(pem: string) {
    const { fingerprint, fingerprint256, subject, validTo } = new X509Certificate(pem);
    return {
        subject: oneLine(subject),
        sha1Thumbprint: fingerprint.replace(/:/g, ""),
        sha256Thumbprint: fingerprint256.replace(/:/g, ""),
        notAfter: new Date(validTo).toISOString(),
    };
}

function summary(settings: Settings) {
    const devices = settings.shard === undefined ? settings.devices : devicesOf(settings);
    const count = (test: (device: (typeof devices)[number]) => boolean): number =>
        devices.filter(test).length;
    return {
        devices: devices.length,
        disabled: count((device) => device.status === "disabled"),
        byAuthentication: countKinds(devices),
        byGroup: Object.fromEntries(
            settings.groups.map(({ name }) => [name, count((device) => device.group === name)]),
        ),
    };
}

function mapValues<T, R>(map: ReadonlyMap<string, T>, change: (value: T) => R): Record<string, R> {
    return Object.fromEntries([...map].map(([name, value]) => [name, change(value)]));
}
