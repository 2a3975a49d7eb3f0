import { estTag, issuedByEst } from "../components/registry/estTag";
import { thumbprintsOf } from "../components/registry/identityRecord";
import type { DeviceRecord } from "../components/registry/registry";
import type { IssuedRecord, Untold } from "./audit";
import type { Marks } from "./marks";

const firstPause = 5_000;
const longestPause = 3600 * 1000;
/** A device that has renewed and not registered by then comes back by its former certificate, or not at all. */
const longestAfterRenewal = 24 * 3600 * 1000;

interface WaitingNote extends Untold {
    /** SHA-256 thumbprint of what was issued last, upper-case hex. */
    readonly thumbprint: string;
    readonly since: number;
    next: number;
}

/**
 * Notes for the twins of devices that have yet to register with what they were given: before its first registration a device has
 * no twin, and a registration may wipe it (Azure docs: concepts-device-reprovision). In memory; after a restart they come from
 * the audit log.
 */
export class WaitingNotes {
    private readonly waiting = new Map<string, WaitingNote>();

    /** @param records of an audit log that still wait: the last of each device */
    constructor(records: Iterable<IssuedRecord> = []) {
        for (const { device, untold, thumbprint, at } of records) {
            if (untold !== undefined) {
                this.add(device, { ...untold, thumbprint }, new Date(at));
            }
        }
    }

    add(deviceId: string, note: Omit<WaitingNote, "since" | "next">, now: Date): void {
        const since = now.getTime();
        this.waiting.set(deviceId, { ...note, since, next: since + firstPause });
    }

    /** What the twin of a device does not have yet. @param present what it has */
    marksOf(deviceId: string, present: Marks): Marks {
        const note = this.waiting.get(deviceId);
        return note === undefined || isOutdone(note, Object.values(present.issued ?? {}))
            ? {}
            : note.marks;
    }

    /** The devices to look at now; each is looked at more and more seldom. */
    due(now: Date): string[] {
        const at = now.getTime();
        return [...this.waiting].flatMap(([deviceId, note]) => {
            if (!note.isFirst && at - note.since > longestAfterRenewal) {
                this.waiting.delete(deviceId);
                return [];
            }
            if (at < note.next) {
                return [];
            }
            note.next = at + Math.min(longestPause, Math.max(firstPause, at - note.since));
            return [deviceId];
        });
    }

    /** Whether a device has registered with what it was given last. */
    hasArrived({ deviceId, authentication }: DeviceRecord): boolean {
        const thumbprint = this.waiting.get(deviceId)?.thumbprint;
        return (thumbprintsOf(authentication) ?? []).some(
            (one) => one.toUpperCase() === thumbprint,
        );
    }

    /** What to merge into the tags of a device that has registered; empty: they have it already. */
    patchFor(present: DeviceRecord): Readonly<Record<string, unknown>> {
        const { marks, thumbprint } = this.waiting.get(present.deviceId) ?? {};
        const isThere = issuedByEst(present).some((one) => one.thumbprint === thumbprint);
        return marks === undefined || isThere ? {} : { [estTag]: marks };
    }

    /**
     * Forgets the note of a device that has it, or a later one, unless it was given something else meanwhile.
     *
     * @returns thumbprint of the certificate that waits no more; undefined: it waits
     */
    done(record: DeviceRecord): string | undefined {
        const note = this.waiting.get(record.deviceId);
        if (
            note === undefined ||
            !(this.hasArrived(record) || isOutdone(note, issuedByEst(record)))
        ) {
            return undefined;
        }
        this.waiting.delete(record.deviceId);
        return note.thumbprint;
    }
}

/** Whether another instance has given the device a certificate since. */
function isOutdone({ since }: WaitingNote, issued: readonly { readonly at: string }[]): boolean {
    return issued.some(({ at }) => Date.parse(at) > since);
}
