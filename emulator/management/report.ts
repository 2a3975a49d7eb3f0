import { X509Certificate } from "crypto";
import { ReportInventory, ReportRow } from "../../report-page/inventory";
import { EmulatorContext } from "../context";
import { ProvisioningService } from "../dps/model";
import { Device, Hub, HubCertificate } from "../hub/model";
import { presentedBy } from "../hub/presented";
import { oneLine } from "../x509/caCertificate";

const day = 24 * 3600 * 1000;

type Held = Pick<EmulatorContext, "clock" | "hubs" | "provisioning">;
type Certificates = ReadonlyMap<string, HubCertificate>;

/**
 * The certificates that the emulator itself knows: CAs of hubs and provisioning services, and what devices sent. Who
 * issued them for which group only the program knows; here a group is a signer's common name.
 */
export function heldInventory({ clock, hubs, provisioning }: Held): ReportInventory {
    const now = clock.date();
    const services = provisioning.list();
    const authorities = new Map<string, ReportRow>();
    const add = (certificate: X509Certificate, from: string, place?: string): void => {
        const known = authorities.get(certificate.fingerprint256);
        const row = known ?? authorityRow(certificate, now);
        authorities.set(certificate.fingerprint256, {
            ...row,
            trustedOn: [...row.trustedOn, ...(place === undefined ? [] : [place])],
            knownFrom: [...new Set([...row.knownFrom, from])],
        });
    };
    const uploaded = (certificates: Certificates, host: string, from: string): void =>
        certificates.forEach(({ pem, isVerified }) =>
            add(new X509Certificate(pem), from, isVerified ? host : `${host} (not verified)`),
        );
    hubs.list().forEach((hub) => uploaded(hub.certificates, hub.hostName, "hub"));
    services.forEach((one) => uploaded(one.certificates, one.serviceHostName, "service"));
    const registered = new Set(services.flatMap(registrations));
    const devices = hubs.list().flatMap((hub) =>
        [...hub.devices.values()].flatMap((device) => {
            presentedBy(device)
                .slice(1)
                .filter(({ fingerprint256 }) => !authorities.has(fingerprint256))
                .forEach((certificate) => add(certificate, "connection"));
            return deviceRows(hub, device, registered, now);
        }),
    );
    const names = hubs.list().map(({ hostName }) => hostName);
    return {
        of: "the emulator",
        hub: names.length === 0 ? null : names.join(", "),
        at: now.toISOString(),
        rows: [...authorities.values(), ...devices],
    };
}

/** Where the service's registrations are. */
function registrations({ registrations: all }: ProvisioningService): string[] {
    return [...all.values()].map(({ assignedHub, deviceId }) => place(assignedHub, deviceId));
}

function place(hostName: string | undefined, deviceId: string | undefined): string {
    return JSON.stringify([hostName, deviceId]);
}

const unknown: Omit<ReportRow, "kind" | "name"> = {
    group: null,
    generation: null,
    subject: null,
    issuer: null,
    sha1Thumbprint: null,
    sha256Thumbprint: null,
    serial: null,
    notBefore: null,
    notAfter: null,
    daysLeft: null,
    trustedOn: [],
    provisioning: null,
    status: null,
    hub: null,
    lastActivity: null,
    knownFrom: [],
    note: null,
};

function facts(certificate: X509Certificate, now: Date): Partial<ReportRow> {
    const end = new Date(certificate.validTo);
    return {
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        sha1Thumbprint: certificate.fingerprint.replace(/:/g, ""),
        sha256Thumbprint: certificate.fingerprint256.replace(/:/g, ""),
        serial: certificate.serialNumber.toUpperCase(),
        notBefore: new Date(certificate.validFrom).toISOString(),
        notAfter: end.toISOString(),
        daysLeft: Math.floor((end.getTime() - now.getTime()) / day),
    };
}

function authorityRow(certificate: X509Certificate, now: Date): ReportRow {
    const name = commonName(certificate.subject);
    const isRoot = certificate.subject === certificate.issuer;
    return {
        ...unknown,
        ...facts(certificate, now),
        kind: isRoot ? "root" : "intermediate",
        name,
        group: isRoot ? null : name,
    };
}

function deviceRows(
    hub: Hub,
    device: Device,
    registered: ReadonlySet<string>,
    now: Date,
): ReportRow[] {
    const { deviceId, status, authentication, lastActivityTime } = device;
    const isRegistered = registered.has(place(hub.hostName, deviceId));
    const common = {
        ...unknown,
        kind: "device",
        name: deviceId,
        status,
        hub: hub.hostName,
        lastActivity: lastActivityTime.startsWith("0001-") ? null : lastActivityTime,
        knownFrom: ["hub", ...(isRegistered ? ["service"] : [])],
    } as const;
    const [leaf] = presentedBy(device);
    if (leaf !== undefined) {
        const knownFrom = [...common.knownFrom, "connection"];
        const group = commonName(leaf.issuer);
        return [{ ...common, ...facts(leaf, now), group, knownFrom }];
    }
    const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint;
    const thumbprints = [primaryThumbprint, secondaryThumbprint].filter((one) => one !== null);
    const note = "did not connect with a certificate since the emulator's start";
    return thumbprints.length === 0
        ? [{ ...common, note }]
        : thumbprints.map((one) => ({
              ...common,
              note,
              [one.length === 64 ? "sha256Thumbprint" : "sha1Thumbprint"]: one.toUpperCase(),
          }));
}

function commonName(name: string): string {
    return /^CN=(.*)$/m.exec(name)?.[1] ?? oneLine(name);
}
