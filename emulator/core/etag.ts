import { randomBytes } from "crypto";

/** Azure IoT's entity tags are base64 texts of a counter, e.g. `AAAADGJGLxo=` on a hub and `MTI=` on a device. */
export class ETags {
    private next: number;

    constructor(start = Math.floor(Math.random() * 0xffff) + 1) {
        this.next = start;
    }

    /** Eight bytes, as ARM resources of Microsoft.Devices carry. */
    resource(): string {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(BigInt(this.next++) + 0xc00000000n);
        return bytes.toString("base64");
    }

    /** The decimal counter, as device identities carry. */
    identity(): string {
        return Buffer.from(String(this.next++)).toString("base64");
    }
}

/**
 * Base64 of a quoted text such as `"0a00a8f4-0000-0700-0000-620e91fe0000"`, which ends in the time of the change:
 * certificates and enrollments carry such tags.
 *
 * @param now milliseconds since the epoch
 */
export function documentETag(now: number): string {
    const seconds = Math.floor(now / 1000).toString(16);
    const text = `"${randomBytes(4).toString("hex")}-0000-0700-0000-${seconds}0000"`;
    return Buffer.from(text).toString("base64");
}

/** An If-Match header without quotes; undefined when there was none. `*` stays `*`. */
export function ifMatch(header: string | undefined): string | undefined {
    return header?.trim().replace(/^(W\/)?"(.*)"$/, "$2");
}
