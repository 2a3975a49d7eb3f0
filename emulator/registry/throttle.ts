import { setTimeout as sleep } from "timers/promises";
import { EmulatorContext } from "../context";
import { Hub } from "../hub/model";
import { RegistryProblem } from "./errors";

/** Kinds of operation with their own limits (Azure docs: iot-hub-devguide-quotas-throttling). */
export type LimitName = "registry" | "query" | "twinRead" | "twinUpdate";

interface Rate {
    readonly amount: number;
    readonly seconds: number;
}

/**
 * Longest time that a request over the limit is delayed before it is refused. The docs only say that traffic is shaped
 * first; 3.2 s was the longest delay seen on a live hub (terraform-provider-iothub, 2026-08-15).
 */
const shapingSeconds = 3;

function rateOf(name: LimitName, sku: { name: string; capacity: number }): Rate {
    const units = Math.max(1, sku.capacity);
    const tier = sku.name.slice(-1);
    const large = tier === "3";
    switch (name) {
        case "registry":
            return { amount: (large ? 5000 : 100) * units, seconds: 60 };
        case "query":
            return { amount: (large ? 1000 : 20) * units, seconds: 60 };
        case "twinRead":
            return { amount: perSecond(tier, units, 100, 10, 500), seconds: 1 };
        case "twinUpdate":
            return { amount: perSecond(tier, units, 50, 5, 250), seconds: 1 };
    }
}

function perSecond(
    tier: string,
    units: number,
    floor: number,
    second: number,
    third: number,
): number {
    if (tier === "3") {
        return third * units;
    }
    return tier === "2" ? Math.max(floor, second * units) : floor;
}

interface Bucket {
    tokens: number;
    /** Emulator time of the last refill, in milliseconds. */
    filledAt: number;
}

/**
 * One token bucket per hub and limit. A bucket holds the amount for the limit's own period (a minute or a second),
 * which is the largest burst. Requests beyond that wait for their turn, up to `shapingSeconds`, and are then refused; a
 * refused request takes no tokens. Off unless the setting `throttling` is on.
 */
export class Throttle {
    private readonly buckets = new WeakMap<Hub, Map<LimitName, Bucket>>();

    constructor(private readonly context: EmulatorContext) {}

    /**
     * @param cost how many operations the request counts as: a bulk call counts each device
     * @throws RegistryProblem 429, without Retry-After and with `connection: close`, as in the service
     */
    async pass(hub: Hub, name: LimitName, operationType: string, cost = 1): Promise<void> {
        if (!this.context.settings.throttling) {
            return;
        }
        const rate = rateOf(name, hub.sku);
        const bucket = this.bucket(hub, name, rate);
        const wait = ((cost - bucket.tokens) * rate.seconds) / rate.amount;
        if (wait > shapingSeconds) {
            throw new RegistryProblem(
                "ThrottlingBacklogTimeout",
                `The request has been throttled. Wait 10 seconds and try again. Operation type: ${operationType}`,
                { connection: "close" },
            );
        }
        bucket.tokens -= cost;
        if (wait > 0) {
            await sleep(wait * 1000);
        }
    }

    private bucket(hub: Hub, name: LimitName, rate: Rate): Bucket {
        const ofHub = this.buckets.get(hub) ?? new Map<LimitName, Bucket>();
        this.buckets.set(hub, ofHub);
        const now = this.context.clock.now();
        const bucket = ofHub.get(name) ?? { tokens: rate.amount, filledAt: now };
        ofHub.set(name, bucket);
        const elapsed = Math.max(0, now - bucket.filledAt) / 1000;
        bucket.tokens = Math.min(
            rate.amount,
            bucket.tokens + (elapsed * rate.amount) / rate.seconds,
        );
        bucket.filledAt = now;
        return bucket;
    }
}
