import { EmulatorContext } from "../../context";
import { ProvisioningService } from "../model";
import { ServiceProblem } from "./errors";

/** Operations per minute and service (Azure docs: "IoT Hub Device Provisioning Service limits"). */
const operationsPerMinute = 1000;

interface Bucket {
    tokens: number;
    /** Emulator time of the last refill, in milliseconds. */
    filledAt: number;
}

/** A token bucket per service, holding one minute's operations. Off unless the setting `throttling` is on. */
export class ServiceThrottle {
    private readonly buckets = new WeakMap<ProvisioningService, Bucket>();

    constructor(private readonly context: EmulatorContext) {}

    /**
     * @param cost how many operations the request counts as: a bulk call counts each enrollment
     * @throws ServiceProblem 429 with `Retry-After`
     */
    pass(service: ProvisioningService, cost = 1): void {
        if (!this.context.settings.throttling) {
            return;
        }
        const now = this.context.clock.now();
        const bucket = this.buckets.get(service) ?? { tokens: operationsPerMinute, filledAt: now };
        this.buckets.set(service, bucket);
        const perSecond = operationsPerMinute / 60;
        const elapsed = Math.max(0, now - bucket.filledAt) / 1000;
        bucket.tokens = Math.min(operationsPerMinute, bucket.tokens + elapsed * perSecond);
        bucket.filledAt = now;
        if (bucket.tokens < cost) {
            const seconds = Math.ceil((cost - bucket.tokens) / perSecond);
            throw new ServiceProblem("throttled", "Operations are being throttled.", {
                "retry-after": String(seconds),
            });
        }
        bucket.tokens -= cost;
    }
}
