import type { KeyAlgorithm } from "../components/x509/issue";
import type { DeviceAuthentication } from "./deviceKinds/deviceKinds";
import type { DeviceProvisioning } from "./deviceProvisioning";

/**
 * The checked configuration of one stack: complete (defaults filled in) and consistent. Pulumi.yaml and
 * docs/configuration.md explain each setting to users.
 */
export interface Settings {
    /** `O=` of every subject. */
    readonly organization: string;
    /** `C=` of every subject: two capital letters. */
    readonly country: string | undefined;
    /** Azure region, e.g. `westeurope`. */
    readonly location: string;
    /** Name of the resource group; undefined: derived from the stack's name by Pulumi. */
    readonly resourceGroupName: string | undefined;
    /** Whether the program creates the resource group or finds it by name. Default "create". */
    readonly resourceGroup: "create" | "existing";
    readonly hub: HubSettings;
    /** Device Provisioning Service; undefined: none. */
    readonly dps: DpsSettings | undefined;
    /** The service that renews certificates; undefined: its defaults hold. */
    readonly est: EstSettings | undefined;
    readonly pki: PkiSettings;
    readonly groups: readonly GroupSettings[];
    readonly devices: readonly DeviceSettings[];
    /** Protects hub and CAs from deletion and replacement. Default false. */
    readonly protect: boolean;
    /** Whether a device removed from the configuration is deleted from the hub, instead of disabled and kept. Default true. */
    readonly pruneDevices: boolean;
    /**
     * How many devices one run may cut off; undefined: a tenth of the stack's, at least 5; in a stack named `dev`:
     * "unlimited".
     */
    readonly maxCutOff: number | "unlimited" | undefined;
    readonly rollover: RolloverSettings;
    /** Devices whose certificates and keys are stack outputs; default: all, while there are at most 25. */
    readonly outputDevices: readonly string[];
    /** Entra application for the CI of a repository; undefined: none. */
    readonly ci: CiSettings | undefined;
    /** Alerts about certificates that expire; undefined: none. */
    readonly alerts: AlertSettings | undefined;
    /** How the devices are spread over fleet stacks; undefined: they are in the hub's own stack. */
    readonly shards: Sharding | undefined;
    /** The part of the fleet in this fleet stack; undefined: this is the hub's stack. */
    readonly shard: Shard | undefined;
}

export interface RolloverSettings {
    /** Devices that may lose a CA they still depend on: their IDs, or at most how many. Default 0. */
    readonly accept: number | readonly string[];
}

/** `hash`: `count` stacks, chosen by device ID. `group`: one stack per group. */
export type Sharding = { readonly by: "hash"; readonly count: number } | { readonly by: "group" };

export interface Shard {
    /** Name of the hub's stack. */
    readonly of: string;
    /** One of the names from stacks/shards.ts. */
    readonly name: string;
}

export interface HubSettings {
    /** Exact name; undefined: prefix and a random suffix. */
    readonly name: string | undefined;
    readonly prefix: string;
    readonly sku: "F1" | "S1" | "S2" | "S3";
    readonly units: number;
    readonly minTlsVersion: "1.2";
    /** Whether shared access keys work. Default false. */
    readonly localAuth: boolean;
    /** Whether the program assigns the data-plane role to the deploying identity. Default "assign". */
    readonly dataRole: "assign" | "existing";
    /** How long a run waits for the data-plane role to take effect; the identities' provider reads it. 0 to 900, default 600. */
    readonly roleWaitSeconds: number;
    /** Whether undeclared CAs and devices on the hub are an error instead of a warning. Default false. */
    readonly isStrict: boolean;
    /** Where messages go in addition to the built-in endpoint. Default: nowhere. */
    readonly routes: readonly RouteSettings[];
    /** Seconds between assigning the role to the routes' identity and creating the endpoint. 0 to 900, default 120. */
    readonly routeWaitSeconds: number;
}

/** A route to an Event Hub of the same name. */
export interface RouteSettings {
    readonly name: string;
    readonly eventHub: EventHubSettings;
    /** Default "DeviceMessages". */
    readonly source: RouteSource;
    /** In IoT Hub's routing query language. Default "true". */
    readonly condition: string;
    /** Who may read the Event Hub. */
    readonly readers: readonly RouteReader[];
}

export type RouteSource =
    | "DeviceMessages"
    | "TwinChangeEvents"
    | "DeviceLifecycleEvents"
    | "DeviceJobLifecycleEvents"
    | "DigitalTwinChangeEvents"
    | "DeviceConnectionStateEvents";

export type EventHubSettings =
    | {
          /** In the stack's own namespace. */
          readonly kind: "own";
          /** 1 to 32, default 4; changing the number replaces the Event Hub. */
          readonly partitions: number;
          /** 1 to 7, default 1. */
          readonly retentionDays: number;
          /** In addition to `$Default`. */
          readonly consumerGroups: readonly string[];
      }
    | {
          readonly kind: "named";
          /** ARM resource ID. */
          readonly id: string;
      };

export interface RouteReader {
    readonly objectId: string;
    readonly kind: "ServicePrincipal" | "User" | "Group";
}

export interface DpsSettings {
    /** Exact name; undefined: prefix and a random suffix. */
    readonly name: string | undefined;
    readonly prefix: string;
    readonly units: number;
    /** Default "Hashed". "Custom" needs an Azure Function and is refused. */
    readonly allocationPolicy: "Hashed" | "GeoLatency" | "Static";
    /** Allocation weight of this stack's hub, 0 to 1000. Default 1. */
    readonly weight: number;
    /** Hubs in addition to this stack's own. */
    readonly linkedHubs: readonly LinkedHubSettings[];
    /** Keeps every certificate of other groups from registering the IDs of listed devices. Default false. */
    readonly reserveIds: boolean;
}

export interface LinkedHubSettings {
    /** ARM resource ID. */
    readonly id: string;
    readonly location: string;
    /** Its shared access policy with RegistryWrite and ServiceConnect. Default "iot-x509-dps". */
    readonly policy: string;
    /** 0 to 1000. Default 1. */
    readonly weight: number;
}

/** Policy of the EST service (RFC 7030). */
export interface EstSettings {
    /** Days after its end in which a certificate still gets its device a new one. 0 to 3650, default 0. */
    readonly graceDays: number;
    /** Hours in which a certificate that was renewed may ask again. 1 to 720, default 24. */
    readonly repeatHours: number;
    /** Groups whose devices have a certificate for this service beside the one for their hub. */
    readonly identityCertificates: readonly string[];
    /** First certificates; each group at most once. */
    readonly bootstrap: readonly BootstrapSettings[];
    /** Runs the service on Azure; undefined: it runs elsewhere. */
    readonly container: EstContainerSettings | undefined;
}

/** The EST service as a container group of Azure Container Instances. */
export interface EstContainerSettings {
    /** Name with tag or digest, e.g. `contoso.azurecr.io/iot-x509-est:1.0`. */
    readonly image: string;
    /** First part of the DNS name, e.g. `contoso-est`. */
    readonly dnsLabel: string;
    /** ARM resource ID of the Azure container registry; undefined: the image is public. */
    readonly registryId: string | undefined;
    /** 1 to 4, default 1. */
    readonly cpu: number;
    /** GB, 1 to 16, default 1. */
    readonly memoryGb: number;
}

/** Where devices of a group get their first certificate from; at least one of the two. */
export interface BootstrapSettings {
    /** Name of the group. */
    readonly group: string;
    /** PEM of the manufacturer's CA. */
    readonly authorityPem: string | undefined;
    readonly secrets: readonly OneTimeSecret[];
}

/** A secret that one device may use once. The secret itself is known to the device alone. */
export interface OneTimeSecret {
    /** Device ID. */
    readonly device: string;
    /** SHA-256 of the secret's UTF-8 bytes, lower-case hex. */
    readonly sha256: string;
    /** ISO 8601. */
    readonly expires: string;
}

export interface PkiSettings {
    /** Which CAs are uploaded to the hub. Default "intermediates". */
    readonly trust: "intermediates" | "root";
    readonly root: RootSettings;
}

export interface RootSettings {
    /** `managed`: key in the stack's state, as a secret; `offline`: the key is elsewhere. */
    readonly keys: "managed" | "offline";
    /** For a managed root: raise by one to create a new root for new intermediates. Default 1. */
    readonly generation: number;
    readonly keyAlgorithm: KeyAlgorithm;
    /** Common name of the certificate; includes the generation from the second on. */
    readonly commonName: string;
    readonly validityDays: number;
    /** PEM of the offline root's certificate. */
    readonly certificatePem: string | undefined;
    /** PEM of the offline root's signed proof of possession (only with trust "root"). */
    readonly proofPem: string | undefined;
}

/** Name of the root's resources, and of its certificate on the hub. */
export function rootName(generation: number): string {
    return generation === 1 ? "root" : `root-${generation}`;
}

export interface GroupSettings {
    readonly name: string;
    readonly intermediate: IntermediateSettings;
    /** Leaf policy. */
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    readonly keyAlgorithm: KeyAlgorithm;
    /** Whether its devices are listed on the hub, find it through the provisioning service, or both. Default "listed". */
    readonly provisioning: DeviceProvisioning;
    /** Blocks the group at the hub and the provisioning service. Default false. */
    readonly blocked: boolean;
    readonly enrollment: EnrollmentSettings;
}

/** For groups with provisioning "dps" or "both". */
export interface EnrollmentSettings {
    /** On re-registration: `migrate` the twin to the new hub, `reset` it, or `keep` hub and twin. Default "migrate". */
    readonly reprovision: "migrate" | "reset" | "keep";
    /** Default: the service's policy. */
    readonly allocationPolicy: "hashed" | "geoLatency" | "static" | undefined;
    readonly iotEdge: boolean;
    /** Initial content of a device's twin. */
    readonly initialTwin: {
        readonly tags: Readonly<Record<string, unknown>>;
        readonly desired: Readonly<Record<string, unknown>>;
    };
}

export interface IntermediateSettings {
    readonly keyAlgorithm: KeyAlgorithm;
    /** Common name without the generation: a certificate's own name is {@link intermediateCommonName}. */
    readonly commonName: string;
    readonly validityDays: number;
    /** Raise by one to replace the CA: 1, 2, 3 … */
    readonly generation: number;
    /** Earlier generations that the hub keeps trusting during a rollover. */
    readonly retain: readonly number[];
    /** With an offline root: PEM of the externally signed certificate, by generation; a missing one is awaited. */
    readonly certificatePems: Readonly<Record<number, string>>;
}

/** `CN=` of one generation of an intermediate. No two CAs share a subject, or a chain would have two issuers to choose from. */
export function intermediateCommonName(commonName: string, generation: number): string {
    return `${commonName} G${generation}`;
}

export type DeviceStatus = "enabled" | "disabled";

export interface DeviceSettings {
    readonly id: string;
    /** Name of its group; undefined for thumbprint devices. */
    readonly group: string | undefined;
    readonly authentication: DeviceAuthentication;
    readonly status: DeviceStatus;
    /** Twin tags. */
    readonly tags: Readonly<Record<string, unknown>>;
    /** Whether it is enrolled at the provisioning service by its own certificate instead of its group's CA. Default false. */
    readonly individualEnrollment: boolean;
    /** Whether to take over an identity that exists on the hub and is not this stack's. Default false. */
    readonly adopt: boolean;
}

export interface CiSettings {
    /** `owner/name` on GitHub. */
    readonly repository: string;
    /**
     * Subjects of the repository's OIDC tokens that may deploy: after `repo:owner/name:`, e.g. `ref:refs/heads/main`,
     * `environment:prod`, never `pull_request`; those with IDs as a whole, `repo:owner@1/name@2:ref:refs/heads/main`.
     */
    readonly subjects: readonly string[];
    /** Subjects that may only read, in the same form and disjoint from `subjects`. If empty, there is no such identity. */
    readonly previewSubjects: readonly string[];
}

export interface AlertSettings {
    /** Mail addresses. */
    readonly emails: readonly string[];
    /** Addresses that begin with `https://`; treat them as secrets. */
    readonly webhooks: readonly string[];
    /** Days before expiry, in any order. Default 30, 14, 7. */
    readonly days: readonly number[];
    /** Days that a renewal may be late before it counts as missed. Default 1. */
    readonly graceDays: number;
}
