import { whenEngineIsGone } from "../frame/engineGone";
import { allEnded } from "./processes";

/** A call from the engine, of any kind: it emits "cancelled" when the engine gives up or has exited. */
interface Call {
    on(event: "cancelled", listener: () => void): unknown;
}

/**
 * What ends the host's work: the call that asked for it, `Cancel`, or the end of the host. The host ends on SIGINT
 * (sent by the engine), SIGTERM, SIGHUP, or when its standard input closes because the engine has exited.
 */
export class Lifetime {
    private readonly host = new AbortController();
    private cancellation = new AbortController();

    /** Lasts until the call is cancelled or the host ends: for plug-ins, which serve the engine. */
    ofCall(call: Call): AbortSignal {
        const cancelled = new AbortController();
        call.on("cancelled", () => cancelled.abort());
        return AbortSignal.any([cancelled.signal, this.host.signal]);
    }

    /** Like `ofCall`, but also ended by `Cancel`: for programs and installations. */
    ofOperation(call: Call): AbortSignal {
        return AbortSignal.any([this.ofCall(call), this.cancellation.signal]);
    }

    /** Ends the running operations. */
    cancel(): void {
        this.cancellation.abort();
        this.cancellation = new AbortController();
    }

    /** Ends the host on a signal or when the engine has exited. */
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
 * The engine starts a plug-in as the leader of its own process group. Processes that a program left behind in the group
 * would hold the host's output open, and the engine would wait for it.
 */
function killGroup(): void {
    try {
        process.kill(-process.pid, "SIGKILL");
    } catch {
        // Not a group leader: started by hand.
    }
}
