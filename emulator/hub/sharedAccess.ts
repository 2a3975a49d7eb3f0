import { createHmac, timingSafeEqual } from "crypto";
import { SharedAccessPolicy } from "./model";

/** How far a client's clock may be off (Azure docs: "IoT Hub error codes", 401003). */
const clockSkewSeconds = 300;

/** A parsed shared access signature (Azure docs: iot-hub-dev-guide-sas). */
export interface SharedAccessSignature {
    /** The resource, percent-decoded, e.g. `hub.azure-devices.net/devices/d1`. */
    readonly resource: string;
    /** As it was signed, percent-encoded. */
    readonly signedResource: string;
    readonly signature: string;
    /** Seconds since the epoch. */
    readonly expiry: number;
    readonly policy: string | undefined;
}

/** Undefined when the text is no `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`. */
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

/** Whether one of the base64 keys made this signature. */
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

/** What a service token must be for and when. */
export interface SignedRequest {
    /** Of the hub or provisioning service. */
    readonly hostName: string;
    /** What the request addresses below it; a signature may be for that or for the whole host. */
    readonly path: string;
    /** Milliseconds since the epoch. */
    readonly now: number;
}

/** The policy whose key made this service token; undefined when it is none, has expired or is for something else. */
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

/** A signature covers its resource and what lies below it. */
function covers(resource: string, hostName: string, path: string): boolean {
    const wanted = `${hostName}${path}`.toLowerCase();
    const signed = resource.toLowerCase().replace(/\/+$/, "");
    return wanted === signed || wanted.startsWith(signed + "/");
}
