import { hubLimits, HubSize } from "../azure/serviceLimits";
import { Progress } from "./progress";
import { TokenBucket } from "./tokenBucket";

/** A stream of operations under a rate. */
export interface Pace {
    readonly perMinute: number;
    /** Waits until so many operations may be sent; at most a minute's amount. */
    take(amount: number): Promise<void>;
    /** The service refused with 429: others have used the rate, too. */
    refused(): void;
}

/** The paces of one hub, which all that deploys to it shares. */
export interface HubPace {
    /** Identity operations. */
    readonly registry: Pace;
    /** Pages of queries. */
    readonly queries: Pace;
    /** So many identity operations were answered. */
    done(operations: number): void;
    /** What `make` finds, which goes through JSON; made once for all that deploy to the hub in this run. */
    once<T>(what: string, make: () => Promise<T>): Promise<T>;
}

/** What an environment variable of this name holds is the address of a {@link HubPace} in another process. */
export const paceVariable = "IOT_X509_PACE";

/** For a process that has the hub for itself. */
export class OwnPace implements HubPace {
    readonly registry: Pace;
    readonly queries: Pace;
    readonly progress: Progress;

    constructor(size: HubSize) {
        const { registryPerMinute, queriesPerMinute } = hubLimits(size);
        this.registry = new TokenBucket(registryPerMinute);
        this.queries = new TokenBucket(queriesPerMinute);
        this.progress = new Progress(size, registryPerMinute);
    }

    done(operations: number): void {
        this.progress.wrote(operations);
    }

    once<T>(_: string, make: () => Promise<T>): Promise<T> {
        return make();
    }
}
