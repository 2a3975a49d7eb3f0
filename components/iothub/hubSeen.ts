import { setTimeout as sleep } from "timers/promises";

let tell: (hubId: string) => void = () => undefined;
const first = new Promise<string>((done) => (tell = done));

/** To be called by the `read` of a resource on a hub; IDs of other resources are ignored. */
export function noteHub(resourceId: string): void {
    if (/\/Microsoft\.Devices\/IotHubs\/[^/]+$/i.test(resourceId)) {
        tell(resourceId);
    }
}

/** The hub of this run, for a `read` of a resource whose state has no hub; undefined if none is noted within that time. */
export async function hubSeen(milliseconds: number): Promise<string | undefined> {
    const late = new AbortController();
    const found = await Promise.race([
        first,
        sleep(milliseconds, undefined, { signal: late.signal }),
    ]);
    late.abort();
    return found;
}
