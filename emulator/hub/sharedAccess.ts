import { createHmac, timingSafeEqual } from "crypto";

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
