/**
 * The emulator's clock. Everything that Azure would judge by time (certificate dates, token expiry, throttles) asks
 * this clock, so that a test can move it; TLS with clients keeps to real time, because clients do.
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

    /** Moves the clock to `seconds` ahead of (negative: behind) real time. */
    setOffset(seconds: number): void {
        this.offsetMilliseconds = seconds * 1000;
    }
}
