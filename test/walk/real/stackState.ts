/** A resource in a stack's state, its secrets in clear. */
export interface StateResource {
    readonly urn: string;
    /** The part of its type after the last colon, e.g. `DeviceCertificate`. */
    readonly type: string;
    /** The last part of its URN. */
    readonly name: string;
    readonly outputs: Readonly<Record<string, unknown>>;
    readonly protect: boolean;
}

interface Exported {
    readonly deployment: {
        readonly resources?: readonly {
            readonly urn: string;
            readonly type: string;
            readonly outputs?: Record<string, unknown>;
            readonly protect?: boolean;
            readonly delete?: boolean;
        }[];
    };
}

/** Marks a secret in a state (Pulumi: sdk/go/common/resource, `SigKey` and `SecretSig`). */
const signature = "4dabf18193072939515e22adb298388d";

/** @param text what `pulumi stack export --show-secrets` printed */
export function readState(text: string): StateResource[] {
    const { deployment } = JSON.parse(text) as Exported;
    return (deployment.resources ?? [])
        .filter((resource) => resource.delete !== true)
        .map(({ urn, type, outputs = {}, protect = false }) => ({
            urn,
            type: type.slice(type.lastIndexOf(":") + 1),
            name: urn.slice(urn.lastIndexOf("::") + 2),
            outputs: inClear(outputs) as Record<string, unknown>,
            protect,
        }));
}

function inClear(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(inClear);
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const { [signature]: mark, plaintext } = value as Record<string, unknown>;
    return mark !== undefined && typeof plaintext === "string"
        ? inClear(JSON.parse(plaintext))
        : Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inClear(one)]));
}
