import { setTimeout as sleep } from "timers/promises";
import { AzureError } from "../azure/client";
import { BatchCollector } from "./batchCollector";
import { largestBatch } from "../azure/serviceLimits";
import { withCertificate } from "./certificateTag";
import { isCarriedOut } from "./carriedOut";
import { ItemError, Registry, RegistryOperation } from "./registry";
import { HubRateLimiters } from "../rateLimit/rateLimiter";

const shortestBackoff = 1000;
const longestBackoff = 60_000;
/** With the longest backoff, a quarter of an hour: somebody else uses up the hub's rate. */
const mostRefusals = 20;
/** The refusal at which the user is told. */
const silentRefusals = 3;
/** Number of parallel reads. */
const parallel = 20;

interface Waiting {
    operation: RegistryOperation;
    readonly done: (error: ItemError | undefined) => void;
    readonly failed: (error: Error) => void;
}

/**
 * Collects the operations of many devices, which the engine runs in parallel, into bulk requests, sent one at a time and no
 * faster than the hub's tier allows. After a 429 the whole queue waits, not each device for itself. A failed item fails
 * only its own device, even if the hub refuses the whole request because of it, or carries out none of it.
 */
export class RegistryQueue {
    private readonly waiting = new BatchCollector<Waiting>();
    private isPumping = false;

    constructor(
        private readonly registry: Registry,
        private readonly limiters: HubRateLimiters,
    ) {}

    /** Undefined on success; the hub's error for this one item otherwise. */
    run(operation: RegistryOperation): Promise<ItemError | undefined> {
        return new Promise((done, failed) => {
            this.waiting.add({ operation, done, failed });
            if (!this.isPumping) {
                void this.pump();
            }
        });
    }

    private async pump(): Promise<void> {
        this.isPumping = true;
        const most = Math.max(
            1,
            Math.min(largestBatch, Math.floor(this.limiters.registry.perMinute)),
        );
        do {
            const batch = await this.waiting.take(most);
            await this.deliver(batch);
            this.limiters.done(batch.length);
        } while (this.waiting.size > 0);
        this.isPumping = false;
    }

    /** A 400 does not say which item caused it: halving the request finds it. */
    private async deliver(batch: readonly Waiting[]): Promise<void> {
        let errors: readonly ItemError[];
        try {
            errors = await this.send(batch);
        } catch (error) {
            if (batch.length > 1 && isBadRequest(error)) {
                const middle = Math.ceil(batch.length / 2);
                await this.deliver(batch.slice(0, middle));
                await this.deliver(batch.slice(middle));
            } else {
                batch.forEach((item) => item.failed(error as Error));
            }
            return;
        }
        await this.settle(batch, errors);
    }

    private async send(batch: readonly Waiting[]): Promise<readonly ItemError[]> {
        for (let refusals = 1; ; refusals++) {
            await this.limiters.registry.take(batch.length);
            // As late as possible: certificates are issued while this waits.
            batch.forEach((item) => (item.operation = withCertificate(item.operation)));
            try {
                return await this.registry.bulk(batch.map(({ operation }) => operation));
            } catch (error) {
                if (!isThrottled(error) || refusals === mostRefusals) {
                    throw error;
                }
                this.limiters.registry.onThrottled();
                if (refusals === silentRefusals) {
                    console.log(
                        `the hub keeps answering 429; another client may be using up its rate: ` +
                            `${this.waiting.size + batch.length} identity operations are queued and retried for a few more minutes`,
                    );
                }
                await sleep(Math.max(backoff(refusals), error.retryAfter ?? 0));
            }
        }
    }

    private async settle(batch: readonly Waiting[], errors: readonly ItemError[]): Promise<void> {
        const byDevice = new Map(errors.map((error) => [error.deviceId, error]));
        const unnamed: Waiting[] = [];
        for (const item of batch) {
            const error = byDevice.get(deviceIdOf(item.operation));
            if (error === undefined) {
                unnamed.push(item);
            } else {
                item.done(error);
            }
        }
        if (errors.length === 0) {
            unnamed.forEach(({ done }) => done(undefined));
        } else if (unnamed.length < batch.length) {
            await this.settleUnnamed(unnamed);
        } else {
            const { deviceId, code, message } = errors[0];
            const problem = `bulk request refused for a device that is not in it: "${deviceId}" ${code} ${message}`;
            batch.forEach(({ failed }) => failed(new Error(problem)));
        }
    }

    /** No document says whether a request with a failed item carries out the others: what was not done is sent again. */
    private async settleUnnamed(items: readonly Waiting[]): Promise<void> {
        const undone: Waiting[] = [];
        const waiting = [...items];
        const worker = async (): Promise<void> => {
            for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
                try {
                    const present = await this.registry.get(deviceIdOf(item.operation));
                    if (isCarriedOut(item.operation, present)) {
                        item.done(undefined);
                    } else {
                        undone.push(item);
                    }
                } catch (error) {
                    item.failed(error as Error);
                }
            }
        };
        await Promise.all(Array.from({ length: parallel }, worker));
        if (undone.length > 0) {
            await this.deliver(undone);
        }
    }
}

function isThrottled(error: unknown): error is AzureError {
    return error instanceof AzureError && error.status === 429;
}

function isBadRequest(error: unknown): boolean {
    return error instanceof AzureError && error.status === 400;
}

/** Exponential with jitter, for a 429 that states no time; added to the time in which the bucket refills. */
function backoff(refusals: number): number {
    const longest = Math.min(longestBackoff, shortestBackoff * 2 ** (refusals - 1));
    return longest / 2 + (Math.random() * longest) / 2;
}

function deviceIdOf(operation: RegistryOperation): string {
    return operation.mode === "delete" ? operation.deviceId : operation.device.deviceId;
}
