/** What the walk reads of the emulator's `GET /dump`. */
export interface Dump {
    readonly arm: {
        readonly groups: readonly { readonly name: string; readonly location: string }[];
    };
    readonly hubs: { readonly hubs: readonly HubDump[] };
    readonly provisioning: { readonly services: readonly ServiceDump[] };
    readonly directory: { readonly applications: readonly ApplicationDump[] };
    readonly monitoring: { readonly resources: readonly MonitoringDump[] };
}

/** A workspace, an action group or a scheduled query rule. */
export interface MonitoringDump {
    readonly type: string;
    readonly properties: {
        readonly emailReceivers?: readonly { readonly emailAddress: string }[];
        readonly webhookReceivers?: readonly object[];
    };
}

export interface CaDump {
    readonly name: string;
    readonly etag: string;
    readonly pem: string;
    readonly isVerified: boolean;
}

export interface HubDump {
    readonly id: string;
    readonly name: string;
    readonly resourceGroup: string;
    readonly location: string;
    readonly hostName: string;
    readonly sku: { readonly name: string; readonly capacity: number };
    readonly properties: Readonly<Record<string, unknown>>;
    readonly policies: readonly { readonly rights: string }[];
    readonly certificates: readonly CaDump[];
    readonly devices: readonly IdentityDump[];
}

export interface IdentityDump {
    readonly deviceId: string;
    readonly generationId: string;
    readonly etag: string;
    readonly status: "enabled" | "disabled";
    readonly authentication: {
        readonly type: string;
        readonly x509Thumbprint: {
            readonly primaryThumbprint: string | null;
            readonly secondaryThumbprint: string | null;
        };
    };
    readonly twin: { readonly tags: Readonly<Record<string, unknown>> };
}

export interface EnrollmentDump {
    readonly enrollmentGroupId?: string;
    readonly registrationId?: string;
    readonly attestation: {
        readonly kind: string;
        readonly primary: string;
        readonly secondary?: string;
    };
    readonly provisioningStatus: "enabled" | "disabled";
    readonly capabilities: { readonly iotEdge: boolean };
    readonly reprovisionPolicy: {
        readonly updateHubAssignment: boolean;
        readonly migrateDeviceData: boolean;
    };
    readonly allocationPolicy?: string;
    readonly initialTwin?: {
        readonly tags?: Readonly<Record<string, unknown>>;
        readonly properties?: { readonly desired?: Readonly<Record<string, unknown>> };
    };
}

export interface ServiceDump {
    readonly id: string;
    readonly name: string;
    readonly location: string;
    readonly idScope: string;
    readonly serviceHostName: string;
    readonly sku: { readonly capacity: number };
    readonly allocationPolicy: string;
    readonly linkedHubs: readonly { readonly name: string; readonly allocationWeight: number }[];
    readonly certificates: readonly CaDump[];
    readonly groups: readonly EnrollmentDump[];
    readonly enrollments: readonly EnrollmentDump[];
}

export interface ApplicationDump {
    readonly properties: { readonly displayName?: string };
    readonly federated: readonly { readonly subject: string; readonly issuer: string }[];
}
