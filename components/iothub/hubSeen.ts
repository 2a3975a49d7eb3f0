import { setTimeout as sleep } from "timers/promises";

let tell: (hubId: string) => void = () => undefined;
const first = new Promise<string>((done) => (tell = done));

/** To be called by a `read` of what is on a hub; of what is elsewhere nothing is noted. */
export function noteHub(resourceId: string): void {
    if (/\/Microsoft\.Devices\/IotHubs\/[^/]+$/i.test(resourceId)) {
        tell(resourceId);
    }
}

/** The hub of this run, for a `read` of what has no hub in its state; undefined when nothing tells it within that time. */
export async function hubSeen(milliseconds: number): Promise<string | undefined> {
    const late = new AbortController();
    const found = await Promise.race([
        first,
        sleep(milliseconds, undefined, { signal: late.signal }),
    ]);
    late.abort();
    return found;
}
