import type { Authentication, DeviceRecord } from "../components/registry/registry";

/** A device as its hub has it. */
export interface FoundDevice {
    readonly record: DeviceRecord;
    /**
     * Merges tags into the twin under its ETag; after a change by somebody else the patch is made again.
     *
     * @param patchOf errors are passed on; an empty patch writes nothing
     */
    mark(patchOf: (present: DeviceRecord) => Readonly<Record<string, unknown>>): Promise<void>;
    /** Changes how the device authenticates, under the identity's ETag; undefined: it stays as it is. */
    authenticate(decide: (present: DeviceRecord) => Authentication | undefined): Promise<void>;
}

/** Where the identities of devices are. */
export interface Directory {
    /**
     * Undefined: no hub has it.
     *
     * @throws Error when no hub can be asked
     */
    find(deviceId: string): Promise<FoundDevice | undefined>;
}
