import { stableJson, toState } from "../dynamic/values";
import { Authentication, DeviceRecord, DeviceStatus, ownerTag } from "./registry";

/** What the state keeps of a device besides its names. */
export interface Properties {
    readonly status: DeviceStatus;
    /** Upper-case hex; none: the device's certificate must chain to a verified CA. */
    readonly thumbprints?: readonly string[];
    readonly tags?: Readonly<Record<string, unknown>>;
    /** `project/stack`. */
    readonly owner: string;
    /** The provisioning service writes the device's thumbprints when it registers; that is not drift. */
    readonly isProvisioned?: boolean;
}

/** The identity that a state or a configuration describes. */
export function deviceRecord(deviceId: string, properties: Properties): DeviceRecord {
    const { status, thumbprints, tags, owner } = properties;
    return {
        deviceId,
        status,
        authentication: authenticationOf(thumbprints),
        tags: { ...tags, [ownerTag]: { stack: owner } },
    };
}

function authenticationOf(thumbprints: readonly string[] | undefined): Authentication {
    if (thumbprints === undefined) {
        return { type: "certificateAuthority" };
    }
    const [primaryThumbprint, secondaryThumbprint] = thumbprints;
    return {
        type: "selfSigned",
        x509Thumbprint: toState({ primaryThumbprint, secondaryThumbprint }),
    };
}

export function thumbprintsOf(authentication: Authentication): readonly string[] | undefined {
    if (authentication.type === "certificateAuthority") {
        return undefined;
    }
    if (authentication.type !== "selfSigned") {
        return [];
    }
    const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint;
    return secondaryThumbprint === undefined
        ? [primaryThumbprint]
        : [primaryThumbprint, secondaryThumbprint];
}

/** Only the named tags: other programs may keep tags of their own on a twin. */
export function only(
    tags: Readonly<Record<string, unknown>>,
    names: readonly string[],
): Record<string, unknown> {
    return Object.fromEntries(Object.entries(tags).filter(([name]) => names.includes(name)));
}

export function hasSameThumbprints(one: DeviceRecord, other: DeviceRecord): boolean {
    return stableJson(one.authentication) === stableJson(other.authentication);
}

export function isSameIdentity(one: DeviceRecord, other: DeviceRecord): boolean {
    const fields = ({ status, authentication }: DeviceRecord) =>
        stableJson([status, authentication]);
    return fields(one) === fields(other);
}
