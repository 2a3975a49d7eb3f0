import { whenEngineIsGone } from "../frame/engineGone";
import { allEnded } from "./processes";

/** A call of the engine, of whatever kind: it is "cancelled" when the engine gives up or is gone. */
interface Call {
    on(event: "cancelled", listener: () => void): unknown;
}

/**
 * What ends the work of the host: the call that asked for it, `Cancel`, or the end of the host.
 * The host ends with SIGINT (the engine's way), SIGTERM, SIGHUP, and with the engine itself, whose
 * end of its standard input then closes.
 */
export class Lifetime {
    private readonly host = new AbortController();
    private cancellation = new AbortController();

    /** Until the call is cancelled or the host ends: for plugins, which serve the engine. */
    ofCall(call: Call): AbortSignal {
        const cancelled = new AbortController();
        call.on("cancelled", () => cancelled.abort());
        return AbortSignal.any([cancelled.signal, this.host.signal]);
    }

    /** As `ofCall`, and until `Cancel`: for programs and installations. */
    ofOperation(call: Call): AbortSignal {
        return AbortSignal.any([this.ofCall(call), this.cancellation.signal]);
    }

    /** Ends the operations that run now. */
    cancel(): void {
        this.cancellation.abort();
        this.cancellation = new AbortController();
    }

    /** Ends the host when its time has come. */
    watch(): void {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
            process.on(signal, () => void this.end());
        }
        whenEngineIsGone(() => void this.end());
    }

    private async end(): Promise<void> {
        if (this.host.signal.aborted) {
            return;
        }
        this.host.abort();
        await allEnded();
        killGroup();
        process.exit(0);
    }
}

/**
 * The engine starts a plugin as the leader of a process group of its own. What a program has left
 * behind in it would hold the host's output open, and the engine would wait for it.
 */
function killGroup(): void {
    try {
        process.kill(-process.pid, "SIGKILL");
    } catch {
        // Not the leader of a group: started by hand.
    }
}
