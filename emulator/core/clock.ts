/**
 * The emulator's clock. Everything that Azure checks against the time (certificate dates, token expiry, throttling)
 * uses it, so that a test can move it. TLS with clients uses real time, because clients do.
 */
export class Clock {
    private offsetMilliseconds = 0;

    /** Milliseconds since the epoch, as the emulator sees it. */
    now(): number {
        return Date.now() + this.offsetMilliseconds;
    }

    date(): Date {
        return new Date(this.now());
    }

    get offsetSeconds(): number {
        return this.offsetMilliseconds / 1000;
    }

    /** Sets the clock `seconds` ahead of real time, or behind it if negative. */
    setOffset(seconds: number): void {
        this.offsetMilliseconds = seconds * 1000;
    }
}
