import type { DeviceProvisioning } from "../../stacks/deviceProvisioning";

/**
 * Source of a fact in a row. `settings`: the stack's files; `state`: what the last run left; `est`: the audit log of the EST
 * service, or its note on the hub; the others are queried.
 */
export type Source = "settings" | "state" | "est" | "hub" | "service" | "twin";

/** The content of one certificate; null: not available anywhere. */
export interface CertificateText {
    /** Distinguished name, the most significant part first, e.g. `O=Contoso, CN=pump-01`. */
    readonly subject: string | null;
    readonly issuer: string | null;
    /** SHA-1 of the DER, upper-case hex: what ARM calls `thumbprint`. */
    readonly sha1Thumbprint: string | null;
    /** SHA-256 of the DER, upper-case hex. */
    readonly sha256Thumbprint: string | null;
    /** Upper-case hex. */
    readonly serial: string | null;
    /** ISO 8601. */
    readonly notBefore: string | null;
    /** ISO 8601. */
    readonly notAfter: string | null;
}

export const unknownText: CertificateText = {
    subject: null,
    issuer: null,
    sha1Thumbprint: null,
    sha256Thumbprint: null,
    serial: null,
    notBefore: null,
    notAfter: null,
};

/**
 * `root`, `intermediate`: CAs of the stack; `trusted`: a CA on a hub or a provisioning service that is not the stack's;
 * `device`: a certificate that a device has or will get; `former`: an earlier one, or one that another has superseded.
 */
export type RowKind = "root" | "intermediate" | "trusted" | "device" | "former";

/** One certificate. */
export interface InventoryRow extends CertificateText {
    readonly kind: RowKind;
    /** For a CA, its resource, e.g. `pumps-g1`, or its name where it is trusted; otherwise the device ID. */
    readonly name: string;
    /** Null: none, or unknown. */
    readonly group: string | null;
    /** Generation of the intermediate, or of the one that signed the certificate; null: unknown or none. */
    readonly generation: number | null;
    /** Full days until it expires; negative afterwards; null: unknown. */
    readonly daysLeft: number | null;
    /** Host names of hubs and services that have it as a CA; ` (not verified)` is appended if one does not accept it yet. */
    readonly trustedOn: readonly string[];
    /** How the device gets to its hub. */
    readonly provisioning: DeviceProvisioning | null;
    /** Status of the identity on the hub; `none`: there is none; null: not a device, or not queried. */
    readonly status: "enabled" | "disabled" | "none" | null;
    /** Classic host name of the hub that has the identity. */
    readonly hub: string | null;
    /** ISO 8601; null: never, or not queried. The device may have used another one of its certificates to connect. */
    readonly lastActivity: string | null;
    /** How this is known. */
    readonly knownFrom: readonly Source[];
    /** What else a reader should know. */
    readonly note: string | null;
}

/** A row of which nothing is known but what it is of. */
export const nothingKnown: Omit<InventoryRow, "kind" | "name" | "knownFrom"> = {
    ...unknownText,
    group: null,
    generation: null,
    daysLeft: null,
    trustedOn: [],
    provisioning: null,
    status: null,
    hub: null,
    lastActivity: null,
    note: null,
};

/** Whether it is a certificate of a device; otherwise it is a CA's. */
export function isOfDevice({ kind }: InventoryRow): boolean {
    return kind === "device" || kind === "former";
}
