import { setTimeout as sleep } from "timers/promises";
import { AzureError } from "../azure/client";
import { CaCertificates } from "./caCertificates";
import { serviceLimits } from "../azure/serviceLimits";
import { remove } from "./proofOfPossession";

/** Milliseconds between two looks at a service that is full while other CAs are being proven. */
const pause = 500;

/** One service that CAs are uploaded to, as this run sees it. */
class Room {
    /** Names of the certificates that this run wants there. */
    readonly wanted = new Set<string>();
    /** Number of uploads in progress. */
    active = 0;
    /** Number of those that wait for room. */
    waiting = 0;
    private turn: Promise<unknown> = Promise.resolve();

    /** Runs one at a time. */
    inTurn<T>(work: () => Promise<T>): Promise<T> {
        const next = this.turn.then(work, work);
        this.turn = next.catch(() => undefined);
        return next;
    }
}

/** By the service's ARM ID, in lower case. */
const rooms = new Map<string, Room>();

function roomOf(targetId: string): Room {
    const key = targetId.toLowerCase();
    const room = rooms.get(key) ?? new Room();
    rooms.set(key, room);
    return room;
}

/** To be called for every certificate that the program declares. */
export function noteWanted(targetId: string, certificateName: string): void {
    roomOf(targetId).wanted.add(certificateName);
}

/**
 * Uploads a CA to a service, which holds at most 25 (Azure docs: iot-hub-devguide-quotas-throttling). The engine deletes
 * replaced resources only after it has created all replacements. If there is no room for both, what this run has replaced
 * and proven is deleted earlier and, as a last resort, this certificate's own predecessor.
 *
 * @param baseName of the certificate, without the part that identifies its content
 * @throws AzureError when the service is full of certificates that are wanted, or do not belong to this program
 */
export async function withRoom<T>(
    service: CaCertificates,
    targetId: string,
    baseName: string,
    upload: () => Promise<T>,
): Promise<T> {
    const room = roomOf(targetId);
    room.active++;
    try {
        for (;;) {
            try {
                return await upload();
            } catch (error) {
                if (!isFull(error)) {
                    throw error;
                }
                await makeRoom(room, service, baseName, error);
            }
        }
    } finally {
        room.active--;
    }
}

function isFull(error: unknown): error is AzureError {
    return error instanceof AzureError && /Max number of certificates|400019/.test(error.message);
}

async function makeRoom(
    room: Room,
    service: CaCertificates,
    baseName: string,
    full: AzureError,
): Promise<void> {
    room.waiting++;
    try {
        const isMade = await room.inTurn(() => freed(room, service, baseName));
        if (isMade) {
            return;
        }
        if (room.waiting === room.active) {
            throw full;
        }
        await sleep(pause);
    } finally {
        room.waiting--;
    }
}

/** Whether there is room now, or may be by now. */
async function freed(room: Room, service: CaCertificates, baseName: string): Promise<boolean> {
    const present = await service.list();
    const isWanted = ({ name }: { name: string }): boolean => room.wanted.has(name);
    const declared = new Set([...room.wanted].map(baseOf));
    const proven = new Set(
        present.filter((one) => one.isVerified && isWanted(one)).map(({ name }) => baseOf(name)),
    );
    const former = present.filter((one) => !isWanted(one) && declared.has(baseOf(one.name)));
    const superseded = former.filter(({ name }) => proven.has(baseOf(name)));
    if (superseded.length > 0) {
        for (const { name } of superseded) {
            await remove(service, name);
        }
        return true;
    }
    if (room.waiting < room.active) {
        return false;
    }
    // Nothing in progress will make room. Takes its own predecessor, unless that has already made room for another one.
    const [first] = former;
    const leaving = former.find(({ name }) => baseOf(name) === baseName) ?? first;
    if (leaving === undefined) {
        return present.length < serviceLimits.certificates;
    }
    console.log(
        `CA ${leaving.name}: the service has no free slot for a certificate, so it is deleted before its successor is uploaded`,
    );
    await remove(service, leaving.name);
    return true;
}

/** Undefined for a name that is not of this program's form. */
function baseOf(name: string): string | undefined {
    return /^(.+)-[0-9a-f]{8}$/.exec(name)?.[1];
}
