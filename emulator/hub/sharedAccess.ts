import { createHmac, timingSafeEqual } from "crypto";
import { SharedAccessPolicy } from "./model";

/** Tolerated clock difference of a client (Azure docs: "IoT Hub error codes", 401003). */
const clockSkewSeconds = 300;

/** A parsed shared access signature (Azure docs: iot-hub-dev-guide-sas). */
export interface SharedAccessSignature {
    /** The resource, percent-decoded, e.g. `hub.azure-devices.net/devices/d1`. */
    readonly resource: string;
    /** The resource as signed, percent-encoded. */
    readonly signedResource: string;
    readonly signature: string;
    /** Seconds since the epoch. */
    readonly expiry: number;
    readonly policy: string | undefined;
}

/** Returns undefined when the text is not `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`. */
export function parseSharedAccessSignature(text: string): SharedAccessSignature | undefined {
    const match = /^SharedAccessSignature\s+(.+)$/i.exec(text.trim());
    if (match === null) {
        return undefined;
    }
    const fields = new Map<string, string>();
    for (const part of match[1].split("&")) {
        const at = part.indexOf("=");
        fields.set(part.slice(0, at), part.slice(at + 1));
    }
    const signedResource = fields.get("sr");
    const signature = fields.get("sig");
    const expiry = Number(fields.get("se"));
    if (signedResource === undefined || signature === undefined || !Number.isInteger(expiry)) {
        return undefined;
    }
    return {
        resource: decodeURIComponent(signedResource),
        signedResource,
        signature: decodeURIComponent(signature),
        expiry,
        policy: fields.has("skn") ? decodeURIComponent(fields.get("skn") ?? "") : undefined,
    };
}

/** Whether this signature was made with one of the base64 keys. */
export function isSignedBy(
    signature: SharedAccessSignature,
    keys: readonly (string | null | undefined)[],
): boolean {
    const given = Buffer.from(signature.signature, "base64");
    return keys.some((key) => {
        if (!key) {
            return false;
        }
        const text = `${signature.signedResource}\n${signature.expiry}`;
        const made = createHmac("sha256", Buffer.from(key, "base64")).update(text).digest();
        return made.length === given.length && timingSafeEqual(made, given);
    });
}

/** What a service token must be valid for, and when. */
export interface SignedRequest {
    /** Host name of the hub or provisioning service. */
    readonly hostName: string;
    /** The path of the request below the host; a signature may cover the path or the whole host. */
    readonly path: string;
    /** Milliseconds since the epoch. */
    readonly now: number;
}

/**
 * The policy whose key signed this service token; undefined when there is none, or the token has expired or is for
 * something else.
 */
export function signingPolicy(
    policies: readonly SharedAccessPolicy[],
    text: string,
    request: SignedRequest,
): SharedAccessPolicy | undefined {
    const signature = parsed(text);
    if (
        signature === undefined ||
        signature.expiry + clockSkewSeconds < request.now / 1000 ||
        !covers(signature.resource, request.hostName, request.path)
    ) {
        return undefined;
    }
    const policy = policies.find((one) => one.keyName === signature.policy);
    const keys = [policy?.primaryKey, policy?.secondaryKey];
    return isSignedBy(signature, keys) ? policy : undefined;
}

/**
 * The rights of a shared access policy.
 *
 * @param included rights that a right includes without naming them
 */
export function rightsOf(
    policy: SharedAccessPolicy,
    included: Readonly<Record<string, readonly string[]>> = {},
): string[] {
    const named = policy.rights.split(",").map((right) => right.trim());
    return named.flatMap((right) => [right, ...(included[right] ?? [])]);
}

function parsed(text: string): SharedAccessSignature | undefined {
    try {
        return parseSharedAccessSignature(text);
    } catch (error) {
        if (error instanceof URIError) {
            return undefined;
        }
        throw error;
    }
}

/** A signature covers its resource and everything below it. */
function covers(resource: string, hostName: string, path: string): boolean {
    const wanted = `${hostName}${path}`.toLowerCase();
    const signed = resource.toLowerCase().replace(/\/+$/, "");
    return wanted === signed || wanted.startsWith(signed + "/");
}
