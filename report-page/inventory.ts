/** One certificate, as docs/inventory.schema.json describes it. Null: unknown, or none. */
export interface ReportRow {
    readonly kind: "root" | "intermediate" | "trusted" | "device" | "former";
    /** Of a CA its resource, or its name where it is trusted; otherwise the device ID. */
    readonly name: string;
    readonly group: string | null;
    readonly generation: number | null;
    readonly subject: string | null;
    readonly issuer: string | null;
    readonly sha1Thumbprint: string | null;
    readonly sha256Thumbprint: string | null;
    readonly serial: string | null;
    /** ISO 8601. */
    readonly notBefore: string | null;
    /** ISO 8601. */
    readonly notAfter: string | null;
    /** Full days; negative: expired. */
    readonly daysLeft: number | null;
    /** Host names. */
    readonly trustedOn: readonly string[];
    readonly provisioning: string | null;
    readonly status: string | null;
    readonly hub: string | null;
    /** ISO 8601. */
    readonly lastActivity: string | null;
    readonly knownFrom: readonly string[];
    readonly note: string | null;
}

/** A group that trusts more than one generation of its CA. */
export interface Rollover {
    readonly group: string;
    /** The generation that signs. */
    readonly generation: number;
    /** Those that stay trusted meanwhile. */
    readonly retain: readonly number[];
}

/** What a page is made from. */
export interface ReportInventory {
    /** Whose certificates these are, e.g. `stack prod`. */
    readonly of: string;
    /** Host name of the hub; null: none yet. */
    readonly hub: string | null;
    /** When it was read; ISO 8601. */
    readonly at: string;
    /** Undefined: the reader cannot know, and the page has no such part. */
    readonly rollovers?: readonly Rollover[];
    readonly rows: readonly ReportRow[];
}

/** Whether it is a CA's. */
export function isOfCa({ kind }: Pick<ReportRow, "kind">): boolean {
    return kind !== "device" && kind !== "former";
}

/** Whether it counts in what ends: a certificate that was replaced needs nobody. */
export function isPresent({ kind }: Pick<ReportRow, "kind">): boolean {
    return kind !== "former";
}
