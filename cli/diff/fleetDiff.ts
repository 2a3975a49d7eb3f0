/** What a change does to a fleet. docs/fleet-diff.schema.json describes its JSON; all names here are in it. */
export interface FleetDiff {
    /** Of this form; another number is another form. */
    readonly version: 1;
    /** The hub's stack. */
    readonly stack: string;
    /** Nothing would be made, changed or deleted. */
    readonly isEmpty: boolean;
    /** Resources by what the engine would do to them. */
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
    /** Why `up` would end before it changes anything; null: it would not. */
    readonly refusal: string | null;
    /** Encrypted settings, which were taken as not set. */
    readonly unread: readonly string[];
}

export type Operation = "create" | "update" | "replace" | "delete";

export interface Access {
    readonly lost: readonly LostAccess[];
    /** Who goes on connecting although one might expect otherwise. */
    readonly kept: readonly KeptAccess[];
}

/**
 * `connect`: refused at the next connect, and at the next registration. `reconnect`: refused at the next connect until the
 * device registers again. `registration`: refused at the next registration alone; the hub goes on letting it in.
 */
export type Refusal = "connect" | "reconnect" | "registration";

export interface LostAccess {
    readonly device: string;
    readonly group: string | null;
    readonly refused: Refusal;
    /** What the stack leaves of it, e.g. `disabled, kept`. */
    readonly after: string;
    readonly why: string;
}

/** Devices of a group that one reason holds for. */
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
    /** After the change; of one that leaves: before it. Null: none. */
    readonly group: string | null;
    readonly kind: DeviceChangeKind;
    /** E.g. `issuer rotated`, `site`, `from meters`; may be empty. */
    readonly detail: string;
}

export interface DeviceCount {
    readonly devices: number;
    readonly enabled: number;
}

export interface GroupCounts {
    readonly group: string | null;
    /** By kind; none that is 0. */
    readonly counts: Readonly<Partial<Record<DeviceChangeKind, number>>>;
}

export interface DeviceDiff {
    /** As the state's outputs tell; null before the first deploy. */
    readonly before: DeviceCount | null;
    readonly after: DeviceCount;
    readonly byGroup: readonly GroupCounts[];
    readonly changes: readonly DeviceChange[];
}

export interface TrustChange {
    /** `presses-g2`, `root`; of an enrollment group its own name. */
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
        | "resource group"
        | "other";
    readonly name: string;
    readonly action: Operation;
    /** It holds data that a replacement or deletion loses. */
    readonly holdsData: boolean;
    /** E.g. `sku.capacity: 1 -> 2`; a value only where it can be no secret. */
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
    /** What the hub's throttle makes them wait. */
    readonly minutes: number;
    /** E.g. `S1 x 4`. */
    readonly hub: string;
}
