import { randomBytes } from "crypto";
import {
    EnrollmentGroup,
    EnrollmentPolicy,
    IndividualEnrollment,
    LinkedHub,
    ProvisioningService,
    X509Attestation,
} from "../../emulator/dps/model";
import { Emulator } from "../../emulator/emulator";
import { Hub } from "../../emulator/hub/model";
import { uploadCa } from "./hubs";
import { Issued } from "./pki";

/** Puts an active provisioning service straight into a private emulator, for tests of the device API alone. */
export function addService(
    emulator: Emulator,
    name: string,
    hubs: readonly Hub[],
): ProvisioningService {
    const service: ProvisioningService = {
        id: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.Devices/provisioningServices/${name}`,
        name,
        subscriptionId: "s",
        resourceGroup: "rg",
        location: "westeurope",
        cloud: "AzureCloud",
        serviceHostName: `${name}.azure-devices-provisioning.net`,
        idScope: `0ne${randomBytes(4).toString("hex").toUpperCase()}`,
        createdAt: new Date().toISOString(),
        etag: "e",
        state: "Active",
        tags: {},
        sku: { name: "S1", capacity: 1 },
        allocationPolicy: "Hashed",
        disableLocalAuth: false,
        identity: undefined,
        settings: {},
        linkedHubs: hubs.map((hub) => link(hub)),
        policies: [],
        certificates: new Map(),
        groups: new Map(),
        enrollments: new Map(),
        registrations: new Map(),
    };
    emulator.context.provisioning.add(service);
    return service;
}

/** A link with the least rights that do (Azure docs: how-to-manage-linked-iot-hubs). */
export function link(hub: Hub, changes: Partial<LinkedHub> = {}): LinkedHub {
    const keyName = "provisioning";
    const key = randomBytes(32).toString("base64");
    if (!hub.policies.some((one) => one.keyName === keyName)) {
        const rights = "RegistryWrite, ServiceConnect";
        hub.policies.push({ keyName, primaryKey: key, secondaryKey: key, rights });
    }
    const policy = hub.policies.find((one) => one.keyName === keyName);
    return {
        name: hub.hostName,
        connectionString:
            `HostName=${hub.hostName};SharedAccessKeyName=${keyName};` +
            `SharedAccessKey=${policy?.primaryKey}`,
        location: hub.location,
        allocationWeight: 1,
        applyAllocationPolicy: true,
        authenticationType: "KeyBased",
        ...changes,
    };
}

/** A CA certificate of the service. */
export function uploadServiceCa(
    service: ProvisioningService,
    name: string,
    ca: Issued,
    isVerified = true,
): void {
    uploadCa(service as unknown as Hub, name, ca, isVerified);
}

type Changes = Partial<Omit<EnrollmentPolicy, "attestation">>;

export function addGroup(
    service: ProvisioningService,
    enrollmentGroupId: string,
    attestation: X509Attestation,
    changes: Changes = {},
): EnrollmentGroup {
    const group = { enrollmentGroupId, ...policy(attestation), ...changes };
    service.groups.set(enrollmentGroupId.toLowerCase(), group);
    return group;
}

export function addEnrollment(
    service: ProvisioningService,
    registrationId: string,
    attestation: X509Attestation,
    changes: Changes & { readonly deviceId?: string } = {},
): IndividualEnrollment {
    const enrollment = {
        registrationId,
        deviceId: undefined,
        ...policy(attestation),
        ...changes,
    };
    service.enrollments.set(registrationId.toLowerCase(), enrollment);
    return enrollment;
}

/** Names of CA certificates of the service. */
export function references(primary: string, secondary?: string): X509Attestation {
    return { kind: "caReferences", primary, secondary };
}

export function signers(primary: Issued, secondary?: Issued): X509Attestation {
    return {
        kind: "signingCertificates",
        primary: primary.certificate,
        secondary: secondary?.certificate,
    };
}

export function leaves(primary: Issued, secondary?: Issued): X509Attestation {
    return {
        kind: "clientCertificates",
        primary: primary.certificate,
        secondary: secondary?.certificate,
    };
}

function policy(attestation: X509Attestation): EnrollmentPolicy {
    const now = new Date().toISOString();
    return {
        attestation,
        provisioningStatus: "enabled",
        capabilities: { iotEdge: false },
        reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
        allocationPolicy: undefined,
        iotHubs: undefined,
        iotHubHostName: undefined,
        initialTwin: undefined,
        etag: "e",
        createdDateTimeUtc: now,
        lastUpdatedDateTimeUtc: now,
    };
}
