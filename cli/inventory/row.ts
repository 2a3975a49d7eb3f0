import type { DeviceProvisioning } from "../../stacks/deviceProvisioning";

/** Where a fact of a row comes from. `settings`: the stack's files; `state`: what the last run left; the rest is asked. */
export type Source = "settings" | "state" | "hub" | "service" | "twin";

/** What one certificate says of itself; null: its text is nowhere to be read. */
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
 * `device`: the certificate that a device holds or shall hold; `former`: one that it had before and that has not ended.
 */
export type RowKind = "root" | "intermediate" | "trusted" | "device" | "former";

/** One certificate. */
export interface InventoryRow extends CertificateText {
    readonly kind: RowKind;
    /** Of a CA its resource, e.g. `pumps-g1`, or its name where it is trusted; else the device ID. */
    readonly name: string;
    /** Null: none, or unknown. */
    readonly group: string | null;
    /** Of the intermediate, or of the one that signed it; null: unknown or none. */
    readonly generation: number | null;
    /** Full days until its end, negative after it; null: unknown. */
    readonly daysLeft: number | null;
    /** Hosts of hubs and services that have it as a CA; ` (not verified)` after one that does not accept it yet. */
    readonly trustedOn: readonly string[];
    /** How the device comes to its hub. */
    readonly provisioning: DeviceProvisioning | null;
    /** Of the identity on the hub; `none`: there is none; null: not a device, or not asked. */
    readonly status: "enabled" | "disabled" | "none" | null;
    /** Classic host name of the hub that has the identity. */
    readonly hub: string | null;
    /** ISO 8601; null: never, or not asked. Whoever connected may have used another certificate of the device. */
    readonly lastActivity: string | null;
    /** How this is known. */
    readonly knownFrom: readonly Source[];
    /** What a reader should know beside that. */
    readonly note: string | null;
}
