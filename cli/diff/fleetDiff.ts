/** What a change does to a fleet. docs/fleet-diff.schema.json describes its JSON, which has the same names. */
export interface FleetDiff {
    /** Version of the format; a different number means a different format. */
    readonly version: 1;
    /** The hub's stack. */
    readonly stack: string;
    /** Nothing would be created, changed or deleted. */
    readonly isEmpty: boolean;
    /** Number of resources by what the engine would do to them. */
    readonly operations: Readonly<Record<Operation, number>>;
    readonly access: Access;
    readonly devices: DeviceDiff;
    readonly trust: readonly TrustChange[];
    readonly resources: readonly ResourceChange[];
    /** After the change. */
    readonly limits: readonly Limit[];
    readonly registry: RegistryUse;
    readonly stateBytes: number;
    /** A sentence each. */
    readonly warnings: readonly string[];
    /** Why `up` would stop before it changes anything; null: it would not. */
    readonly refusal: string | null;
    /** Rules of the policy pack that the change breaks, mandatory ones first; empty without a pack. */
    readonly violations: readonly PolicyViolation[];
    /** Encrypted settings, which were treated as not set. */
    readonly unread: readonly string[];
}

export type Operation = "create" | "update" | "replace" | "delete";

export interface Access {
    readonly lost: readonly LostAccess[];
    /** Devices that can still connect although one might expect otherwise. */
    readonly kept: readonly KeptAccess[];
}

/**
 * `connect`: refused at the next connect, and at the next registration. `reconnect`: refused at the next connect until the
 * device registers again. `registration`: refused only at the next registration; the hub still accepts the device.
 */
export type Refusal = "connect" | "reconnect" | "registration";

export interface LostAccess {
    readonly device: string;
    readonly group: string | null;
    readonly refused: Refusal;
    /** What the stack does with the device, e.g. `disabled, kept`. */
    readonly after: string;
    readonly why: string;
    /** What the hub said of the device; null: it was not asked, did not answer, or does not have the device. */
    readonly today: SeenOnHub | null;
}

/** From the hub's index, which lags behind. */
export interface SeenOnHub {
    readonly status: "enabled" | "disabled";
    /** ISO 8601; null: the device never connected. */
    readonly lastActivity: string | null;
}

/** Devices of a group that share one reason. */
export interface KeptAccess {
    readonly group: string | null;
    readonly devices: readonly string[];
    readonly why: string;
}

export type DeviceChangeKind =
    | "added"
    | "deleted"
    | "kept, disabled"
    | "enabled"
    | "disabled"
    | "moved"
    | "key"
    | "certificate"
    | "renewal"
    | "tags"
    | "authentication"
    | "enrollment"
    | "identity";

export interface DeviceChange {
    readonly device: string;
    /** Group after the change; for a device that leaves, before it. Null: none. */
    readonly group: string | null;
    readonly kind: DeviceChangeKind;
    /** E.g. `issuer rotated`, `site`, `from meters`; can be empty. */
    readonly detail: string;
}

export interface DeviceCount {
    readonly devices: number;
    readonly enabled: number;
}

export interface GroupCounts {
    readonly group: string | null;
    /** Counts by kind, without zeros. */
    readonly counts: Readonly<Partial<Record<DeviceChangeKind, number>>>;
}

export interface DeviceDiff {
    /** From the outputs in the state; null before the first deployment. */
    readonly before: DeviceCount | null;
    readonly after: DeviceCount;
    readonly byGroup: readonly GroupCounts[];
    readonly changes: readonly DeviceChange[];
}

export interface TrustChange {
    /** `presses-g2`, `root`; for an enrollment group, its name. */
    readonly name: string;
    readonly at: "state" | "hub" | "provisioning service";
    readonly what:
        | "made"
        | "signed again"
        | "removed from the state"
        | "uploaded and proven"
        | "changed"
        | "replaced"
        | "removed"
        | "retained"
        | "rotated";
    readonly detail: string;
}

export interface ResourceChange {
    readonly kind:
        | "hub"
        | "provisioning service"
        | "enrollment group"
        | "role"
        | "CI identity"
        | "route"
        | "alert"
        | "resource group"
        | "other";
    readonly name: string;
    readonly action: Operation;
    /** Whether it holds data that a replacement or deletion loses. */
    readonly holdsData: boolean;
    /** E.g. `sku.capacity: 1 -> 2`; values are shown only if they cannot be secrets. */
    readonly properties: readonly string[];
}

export interface Limit {
    readonly what: string;
    readonly count: number;
    readonly limit: number;
}

/** Identity operations of this change. */
export interface RegistryUse {
    readonly operations: number;
    /** How long the hub's throttling delays them. */
    readonly minutes: number;
    /** E.g. `S1 x 4`. */
    readonly hub: string;
}

export interface PolicyViolation {
    /** Name of the rule. */
    readonly policy: string;
    readonly stack: string;
    /** A mandatory rule holds the change back. */
    readonly isMandatory: boolean;
    /** What is wrong, and the remedy. */
    readonly message: string;
}
