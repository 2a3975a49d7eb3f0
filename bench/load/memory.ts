import { shared } from "../support/sharedEmulator";

/** Watches the resident memory of the emulator's process while something else runs. */
export class MemoryWatch {
    private highest = 0;
    private readonly timer = setInterval(() => {
        void shared()
            .manage<{ rss: number }>("GET", "/memory")
            .then(({ rss }) => {
                this.highest = Math.max(this.highest, rss);
            });
    }, 200);

    /** Ends the watch; the highest value seen, in MB (10^6 bytes). */
    stop(): number {
        clearInterval(this.timer);
        return this.highest / 1e6;
    }
}
