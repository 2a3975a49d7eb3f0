import { Command } from "./processGroup";
import { Site } from "./site";

/** Of the devices' keys; all CAs have P-256. */
export type DeviceKey = "ECDSA-P256" | "RSA-2048";

export type ContenderName =
    | "ours"
    | "oursPlain"
    | "oursAtEnd"
    | "fleet"
    | "naive"
    | "naiveTuned"
    | "tutorial"
    | "handWritten"
    | "handWrittenBulk";

/** What is measured; scripts have `up` and `addOne` only, and only this program has `diff`. */
export type Operation = "up" | "preview" | "diff" | "addOne" | "refresh";

/** Something that gives devices certificates and identities. */
export interface Contender {
    readonly name: ContenderName;
    /** Makes a hub with a CA and no devices. None of it is measured. */
    prepare(site: Site, request: Request): Promise<Prepared>;
}

export interface Request {
    readonly key: DeviceKey;
    /** That will be made; decides on shards. */
    readonly devices: number;
}

/** A contender that is ready to start. */
export interface Prepared {
    /** Says which devices there are to be; for a contender without state: which to make. */
    list(ids: readonly string[]): void;
    /** Undefined: the contender has nothing of the kind. */
    command(operation: Operation): Command | undefined;
    /** Size of all states, as JSON without blanks; undefined without state. */
    stateBytes(): number | undefined;
    readonly shards?: number;
    close(): void;
}

/** `device-00001`, … */
export function deviceIds(count: number, from = 1): string[] {
    return Array.from(
        { length: count },
        (_, index) => `device-${String(from + index).padStart(5, "0")}`,
    );
}
