/**
 * A stack's settings as the walk keeps them: what is written into `Pulumi.<stack>.yaml`, but for the devices, which the
 * walk keeps by ID with what only the field knows (which key, which certificate), whatever file they are listed in.
 */
export interface WalkConfig {
    organization: string;
    country?: string;
    location?: string;
    resourceGroupName?: string;
    hub: Mapping;
    dps?: Mapping;
    pki: { root: Mapping } & Mapping;
    groups: Record<string, WalkGroup>;
    devices: Record<string, WalkDevice>;
    deviceDefaults: Mapping;
    allowSha1Thumbprints?: boolean;
    protect?: boolean;
    pruneDevices?: boolean;
    outputDevices?: string[];
    ci?: { repository: string; subjects: string[]; previewSubjects?: string[] };
    shards?: number | "group";
    /** Settings that later versions of the program brought, by their key. */
    [name: string]: unknown;
}

export type Mapping = Record<string, unknown>;

export interface WalkGroup extends Mapping {
    intermediate: Mapping & { generation?: number; retain?: number[] };
    enrollment?: Mapping;
}

export type DeviceKind = "csr" | "generated" | "thumbprint";

export interface WalkDevice {
    kind: DeviceKind;
    /** Where it is listed. */
    place: "list" | "csv" | "json";
    /** Undefined for a thumbprint device, and for one whose group `deviceDefaults` names. */
    group?: string;
    status?: string;
    tags?: Record<string, unknown>;
    keyGeneration?: number;
    enrollment?: string;
    adopt?: boolean;
    /** Which of the device's own keys it uses now, from 1: the request's, or the self-signed certificate's. */
    own: number;
    /** Thumbprint devices: whether the certificate before the present one is listed, too. */
    former?: boolean;
    /** Thumbprint devices: whether the settings name certificate files, or thumbprints. */
    given?: "certificates" | "thumbprints" | "sha1";
}

/** Region of `azure-native:location`, which counts when the settings have none. */
export const defaultRegion = "westeurope";

/** The value at a path of names with dots between them; undefined where there is none. */
export function valueAt(config: WalkConfig, path: string): unknown {
    return path
        .split(".")
        .reduce<unknown>((at, name) => (at as Mapping | undefined)?.[name], config);
}

/** Sets or, with undefined, deletes the value at a path; mappings on the way are made, and empty ones kept. */
export function setValue(config: WalkConfig, path: string, value: unknown): void {
    const names = path.split(".");
    const last = names.pop() as string;
    let at = config as Mapping;
    for (const name of names) {
        at = (at[name] ??= {}) as Mapping;
    }
    if (value === undefined) {
        delete at[last];
    } else {
        at[last] = value;
    }
}

export function copyOf(config: WalkConfig): WalkConfig {
    return structuredClone(config);
}
