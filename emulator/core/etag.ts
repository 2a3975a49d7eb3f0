import { randomBytes } from "crypto";

/** Azure IoT entity tags are counters in base64, e.g. `AAAADGJGLxo=` on a hub and `MTI=` on a device. */
export class ETags {
    private next: number;

    constructor(start = Math.floor(Math.random() * 0xffff) + 1) {
        this.next = start;
    }

    /** Eight bytes, as on ARM resources of Microsoft.Devices. */
    resource(): string {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(BigInt(this.next++) + 0xc00000000n);
        return bytes.toString("base64");
    }

    /** The decimal counter, as on device identities. */
    identity(): string {
        return Buffer.from(String(this.next++)).toString("base64");
    }
}

/**
 * Base64 of a quoted string such as `"0a00a8f4-0000-0700-0000-620e91fe0000"`, which ends in the time of the change.
 * Certificates and enrollments have such tags.
 *
 * @param now milliseconds since the epoch
 */
export function documentETag(now: number): string {
    const seconds = Math.floor(now / 1000).toString(16);
    const text = `"${randomBytes(4).toString("hex")}-0000-0700-0000-${seconds}0000"`;
    return Buffer.from(text).toString("base64");
}

/** An If-Match header without quotes; undefined when there is none. `*` stays `*`. */
export function ifMatch(header: string | undefined): string | undefined {
    return header?.trim().replace(/^(W\/)?"(.*)"$/, "$2");
}
