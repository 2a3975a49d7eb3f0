import { Cloud } from "../core/clouds";
import { HubCertificate, SharedAccessPolicy } from "../hub/model";

/** A Device Provisioning Service as all parts of the emulator (ARM, service API, device API) see it. */
export interface ProvisioningService {
    /** ARM resource ID, as spelled at creation. */
    readonly id: string;
    readonly name: string;
    readonly subscriptionId: string;
    readonly resourceGroup: string;
    readonly location: string;
    readonly cloud: Cloud["name"];
    /** `<name>.azure-devices-provisioning.net`, lower case: the service API. */
    readonly serviceHostName: string;
    /** `0ne` and eight upper-case hex digits; devices send it to name the service. */
    readonly idScope: string;
    readonly createdAt: string;
    etag: string;
    state: "Activating" | "Active" | "Deleting";
    tags: Record<string, string>;
    sku: { name: string; capacity: number };
    allocationPolicy: AllocationPolicy;
    disableLocalAuth: boolean;
    identity?: ManagedIdentity;
    /** ARM `properties` that are stored and shown; the network rules among them decide who may call. */
    settings?: Record<string, unknown>;
    linkedHubs: LinkedHub[];
    policies: SharedAccessPolicy[];
    /** By name, lower case; the same type as a hub's. */
    readonly certificates: Map<string, HubCertificate>;
    /** By enrollment group ID, lower case. */
    readonly groups: Map<string, EnrollmentGroup>;
    /** By registration ID, lower case. */
    readonly enrollments: Map<string, IndividualEnrollment>;
    /** By registration ID, lower case. */
    readonly registrations: Map<string, Registration>;
}

/** Source: azure-rest-api-specs, iotdps.json. `Custom` needs an Azure Function, which the emulator does not run. */
export type AllocationPolicy = "Hashed" | "GeoLatency" | "Static";

export interface LinkedHub {
    /** Host name of the hub. */
    readonly name: string;
    readonly connectionString: string | undefined;
    readonly location: string;
    readonly allocationWeight: number;
    readonly applyAllocationPolicy: boolean;
    /** How the service logs in to the hub: by connection string, or by its managed identity. */
    readonly authenticationType: "KeyBased" | "SystemAssigned" | "UserAssigned";
    /** Resource ID; only with `UserAssigned`. */
    readonly userAssignedIdentity?: string;
}

/** `identity` of an ARM resource. */
export interface ManagedIdentity {
    readonly type: "SystemAssigned" | "UserAssigned" | "SystemAssigned, UserAssigned";
    /** Object ID of the system-assigned identity. */
    readonly principalId?: string;
    readonly tenantId?: string;
    /** By resource ID. */
    readonly userAssignedIdentities?: Readonly<
        Record<string, { readonly principalId: string; readonly clientId: string }>
    >;
}

/** PEM texts, or names of verified CA certificates of the service. */
export type X509Attestation =
    | { readonly kind: "clientCertificates"; readonly primary: string; readonly secondary?: string }
    | {
          readonly kind: "signingCertificates";
          readonly primary: string;
          readonly secondary?: string;
      }
    | { readonly kind: "caReferences"; readonly primary: string; readonly secondary?: string };

/** The settings that both kinds of enrollment share. */
export interface EnrollmentPolicy {
    attestation: X509Attestation;
    provisioningStatus: "enabled" | "disabled";
    capabilities: { iotEdge: boolean };
    reprovisionPolicy: { updateHubAssignment: boolean; migrateDeviceData: boolean };
    /** Default: the service's. */
    allocationPolicy: "hashed" | "geoLatency" | "static" | undefined;
    /** Host names of linked hubs that may be chosen; default: all. */
    iotHubs: string[] | undefined;
    /** Host name for the static policy. */
    iotHubHostName: string | undefined;
    initialTwin:
        | { tags?: Record<string, unknown>; properties?: { desired?: Record<string, unknown> } }
        | undefined;
    etag: string;
    readonly createdDateTimeUtc: string;
    lastUpdatedDateTimeUtc: string;
}

export interface EnrollmentGroup extends EnrollmentPolicy {
    readonly enrollmentGroupId: string;
}

export interface IndividualEnrollment extends EnrollmentPolicy {
    readonly registrationId: string;
    /** Default: the registration ID. */
    deviceId: string | undefined;
}

export type RegistrationStatus = "unassigned" | "assigning" | "assigned" | "failed" | "disabled";

/** One device's registration: `registrationState` on the wire. */
export interface Registration {
    readonly registrationId: string;
    readonly createdDateTimeUtc: string;
    lastUpdatedDateTimeUtc: string;
    status: RegistrationStatus;
    substatus:
        | "initialAssignment"
        | "deviceDataMigrated"
        | "deviceDataReset"
        | "reprovisionedToInitialAssignment";
    /** Host name. */
    assignedHub: string | undefined;
    deviceId: string | undefined;
    errorCode: number | undefined;
    errorMessage: string | undefined;
    etag: string;
    payload: unknown;
    /** The group it came through; undefined for an individual enrollment. */
    enrollmentGroupId: string | undefined;
    /** SHA-1 and SHA-256 thumbprints and names of the certificate it registered with. */
    x509: unknown;
}

/** A registration that was refused, with an explanation for a person. */
export interface RefusedRegistration {
    readonly time: string;
    readonly idScope: string;
    readonly registrationId: string | undefined;
    readonly reason: string;
    readonly detail: string;
    readonly errorCode: number;
}
