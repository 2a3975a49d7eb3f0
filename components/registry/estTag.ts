import { own } from "../dynamic/values";
import type { DeviceRecord } from "./registry";

/** The twin tag in which the EST service notes what it issued; see est/marks.ts. Only back ends can write it. */
export const estTag = "iotX509Est";

/** The EST service registers the thumbprints of what it issues; that is not drift. */
export function isRenewedByEst({ tags, authentication }: DeviceRecord): boolean {
    return authentication.type === "selfSigned" && tags[estTag] !== undefined;
}

/** What the tag has of one certificate. */
export interface IssuedNote {
    /** Group and generation of the CA that signed it. */
    readonly group: string;
    readonly generation: number;
    /** ISO 8601. */
    readonly at: string;
    /** ISO 8601. */
    readonly notAfter: string;
}

/** A certificate that the EST service issued to a device. */
export interface IssuedByEst extends IssuedNote {
    /** SHA-256, upper-case hex. */
    readonly thumbprint: string;
}

/** What the EST service issued to a device lately, the newest first. */
export function issuedByEst({ tags }: Pick<DeviceRecord, "tags">): readonly IssuedByEst[] {
    const issued = own(mapping(own(tags, estTag)), "issued");
    return Object.entries(mapping(issued))
        .map(([thumbprint, note]) => ({ thumbprint, ...(mapping(note) as unknown as IssuedNote) }))
        .filter(isWhole)
        .sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

function isWhole({ group, generation, at, notAfter }: IssuedByEst): boolean {
    return (
        typeof group === "string" &&
        typeof generation === "number" &&
        !isNaN(Date.parse(at)) &&
        !isNaN(Date.parse(notAfter))
    );
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
    return typeof value === "object" && value !== null ? { ...value } : {};
}
