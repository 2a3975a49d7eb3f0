import type { DeviceRecord } from "./registry";

/** The twin tag in which the EST service notes what it issued; see est/marks.ts. */
export const estTag = "iotX509Est";

/** The EST service registers the thumbprints of what it issues; that is not drift. */
export function isRenewedByEst({ tags, authentication }: DeviceRecord): boolean {
    return authentication.type === "selfSigned" && tags[estTag] !== undefined;
}
