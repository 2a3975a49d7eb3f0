import { strict as assert } from "assert";
import { mock } from "node:test";
import { AzureError } from "../../../../components/azure/client";
import { BatchCollector } from "../../../../components/registry/batchCollector";
import { Progress } from "../../../../components/rateLimit/progress";
import { ItemError, Registry, RegistryOperation } from "../../../../components/registry/registry";
import { RegistryQueue } from "../../../../components/registry/registryQueue";
import { LocalRateLimiters } from "../../../../components/rateLimit/localRateLimiters";
import { TokenBucket } from "../../../../components/rateLimit/tokenBucket";

const minute = 60_000;
/** 100 identity operations a minute. */
const small = { sku: "S1", units: 1 };
/** 5,000 of them. */
const large = { sku: "S3", units: 1 };

/** Lets promises settle, which timers that stand still do not. */
async function settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) {
        await Promise.resolve();
    }
}

/** Lets so many milliseconds pass, in steps, so that what a timer starts can set its own. */
async function pass(milliseconds: number, step = 5): Promise<void> {
    await settle();
    for (let left = milliseconds; left > 0; left -= step) {
        mock.timers.tick(Math.min(step, left));
        await settle();
    }
}

function deletion(deviceId: string): RegistryOperation {
    return { mode: "delete", deviceId };
}

describe("the rate of registry operations", () => {
    beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() }));
    afterEach(() => mock.timers.reset());

    describe("token bucket", () => {
        it("a minute's amount passes immediately, the rest at the rate", async () => {
            const bucket = new TokenBucket(100);
            let taken = 0;
            const take = async (amount: number) => {
                await bucket.take(amount);
                taken += amount;
            };
            await take(100);
            const next = take(1).then(() => take(50));
            await pass(595);
            assert.equal(taken, 100);
            await pass(10);
            assert.equal(taken, 101);
            await pass(29_900, 100);
            assert.equal(taken, 101);
            await pass(200);
            await next;
            assert.equal(taken, 151);
        });

        it("holds at most a minute's amount, and nothing after it was emptied", async () => {
            const bucket = new TokenBucket(60);
            await pass(10 * minute, minute);
            await bucket.take(60);
            await pass(30_000, 1000);
            bucket.onThrottled();
            let isTaken = false;
            const taking = bucket.take(5).then(() => (isTaken = true));
            await pass(4_950, 50);
            assert.equal(isTaken, false);
            await pass(100);
            await taking;
        });
    });

    describe("batch collector", () => {
        it("a full batch is sent immediately, the rest when no more arrive", async () => {
            const gatherer = new BatchCollector<number>();
            Array.from({ length: 120 }, (_, index) => gatherer.add(index));
            assert.equal((await gatherer.take(100)).length, 100);
            let rest = 0;
            void gatherer.take(100).then((batch) => (rest = batch.length));
            await pass(90);
            assert.equal(rest, 0);
            await pass(20);
            assert.equal(rest, 20);
        });

        it("arrivals 30 ms apart, as with checkpoints, form one batch", async () => {
            const gatherer = new BatchCollector<number>();
            let taken = 0;
            void gatherer.take(100).then((batch) => (taken = batch.length));
            for (let index = 0; index < 60; index++) {
                gatherer.add(index);
                await pass(30);
            }
            assert.equal(taken, 0);
            await pass(1000);
            assert.equal(taken, 60);
        });

        it("an engine with 8 parallel operations waits only for the first batch", async () => {
            const gatherer = new BatchCollector<number>();
            const waits: number[] = [];
            for (let round = 0; round < 3; round++) {
                const began = Date.now();
                Array.from({ length: 8 }, (_, index) => gatherer.add(index));
                let taken = 0;
                void gatherer.take(100).then((batch) => {
                    taken = batch.length;
                    waits.push(Date.now() - began);
                });
                await pass(300);
                assert.equal(taken, 8);
            }
            assert.deepEqual(
                waits.map((wait) => wait <= 30),
                [false, true, true],
                String(waits),
            );
        });
    });

    describe("queue", () => {
        /** A hub's registry that answers each bulk request with the next of `answers`, and after these with success. */
        function playing(...answers: readonly (Error | readonly ItemError[])[]) {
            const calls: { readonly at: number; readonly size: number }[] = [];
            const left = [...answers];
            const began = Date.now();
            const registry = {
                // Deleted, as every operation asks.
                get: async () => undefined,
                async bulk(operations: readonly RegistryOperation[]) {
                    calls.push({ at: Date.now() - began, size: operations.length });
                    const answer = left.shift() ?? [];
                    if (answer instanceof Error) {
                        throw answer;
                    }
                    return answer;
                },
            };
            return { calls, registry: registry as unknown as Registry };
        }

        const throttled = (retryAfter?: number) =>
            new AzureError(429, "429001", "throttled", retryAfter);

        function runAll(queue: RegistryQueue, count: number) {
            const runs = Array.from({ length: count }, (_, index) =>
                queue.run(deletion(`d-${index}`)),
            );
            return Promise.allSettled(runs);
        }

        it("340 devices at 100 per minute: four requests, 100 immediately and the rest in 2.4 minutes", async () => {
            const { calls, registry } = playing();
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(small)), 340);
            await pass(4 * minute, 100);
            assert.ok((await all).every(({ status }) => status === "fulfilled"));
            assert.deepEqual(
                calls.map(({ size }) => size),
                [100, 100, 100, 40],
            );
            const seconds = calls.map(({ at }) => at / 1000);
            for (const [index, expected] of [0, 60, 120, 144].entries()) {
                assert.ok(Math.abs(seconds[index] - expected) < 1, `${seconds}`);
            }
        });

        it("after a 429 all requests wait, and one retries", async () => {
            const { calls, registry } = playing(throttled(), throttled(), throttled());
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(large)), 500);
            await pass(minute, 50);
            assert.ok((await all).every(({ status }) => status === "fulfilled"));
            assert.deepEqual(
                calls.map(({ size }) => size),
                Array(3 + 5).fill(100),
            );
            const waits = calls.slice(1, 4).map(({ at }, index) => at - calls[index].at);
            // 1, 2 and 4 s, less up to half of it by chance, and at least the 1.2 s that 100 tokens take.
            for (const [index, [least, most]] of [
                [1200, 1300],
                [1200, 2100],
                [2000, 4100],
            ].entries()) {
                assert.ok(waits[index] >= least && waits[index] <= most, `${waits}`);
            }
        });

        it("waits at least as long as Retry-After says", async () => {
            const { calls, registry } = playing(throttled(20_000));
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(large)), 1);
            await pass(minute, 50);
            await all;
            assert.ok(calls[1].at - calls[0].at >= 20_000, JSON.stringify(calls));
        });

        it("gives up on requests that are always refused, and continues with the next devices", async () => {
            const { calls, registry } = playing(...Array(20).fill(throttled()));
            const queue = new RegistryQueue(registry, new LocalRateLimiters(small));
            const refused = runAll(queue, 1);
            await pass(60 * minute, 1000);
            const [first] = await refused;
            assert.equal(first.status, "rejected");
            assert.equal(calls.length, 20);
            const next = runAll(queue, 1);
            await pass(minute, 1000);
            assert.equal((await next)[0].status, "fulfilled");
        });

        it("another error fails only the devices of that request", async () => {
            const { registry } = playing(new AzureError(500, undefined, "no"));
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(large)), 150);
            await pass(minute, 50);
            const failed = (await all).filter(({ status }) => status === "rejected");
            assert.equal(failed.length, 100);
        });

        it("a request refused for one item is retried in halves within the rate, and only that device fails", async () => {
            const calls: { readonly at: number; readonly size: number }[] = [];
            const began = Date.now();
            const refusal = new AzureError(400, "ArgumentInvalid", "something in it is wrong");
            const registry = {
                async bulk(operations: readonly RegistryOperation[]) {
                    calls.push({ at: Date.now() - began, size: operations.length });
                    if (operations.some((one) => one.mode === "delete" && one.deviceId === "d-5")) {
                        throw refusal;
                    }
                    return [];
                },
            } as unknown as Registry;
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(small)), 100);
            await pass(4 * minute, 100);
            const failed = (await all).flatMap((result, index) =>
                result.status === "rejected" ? [[index, result.reason]] : [],
            );
            assert.deepEqual(failed, [[5, refusal]]);
            const sizes = calls.map(({ size }) => size);
            assert.deepEqual(sizes, [100, 50, 25, 13, 7, 4, 3, 2, 1, 1, 1, 6, 12, 25, 50]);
            const sent = sizes.reduce((sum, size) => sum + size, 0);
            const seconds = calls[calls.length - 1].at / 1000;
            assert.ok(Math.abs(seconds - (sent - 100) * 0.6) < 1, `${seconds} s for ${sent}`);
        });

        it("a refused request for one device is not sent again", async () => {
            const { calls, registry } = playing(new AzureError(400, undefined, "no"));
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(large)), 1);
            await pass(minute, 50);
            assert.equal((await all)[0].status, "rejected");
            assert.equal(calls.length, 1);
        });

        it("an item's error affects only that device", async () => {
            const error = { deviceId: "d-1", code: "DeviceNotFound", message: "gone" };
            const { registry } = playing([error]);
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(small)), 3);
            await pass(minute, 50);
            const values = (await all).map((result) => (result as { value?: unknown }).value);
            assert.deepEqual(values, [undefined, error, undefined]);
        });

        /** A hub that does nothing of a request with a device that it does not have, and names that one alone. */
        function playingAtomic(...present: readonly string[]) {
            const devices = new Set(present);
            const calls: (readonly string[])[] = [];
            const registry = {
                get: async (deviceId: string) => (devices.has(deviceId) ? { deviceId } : undefined),
                async bulk(operations: readonly RegistryOperation[]) {
                    const ids = operations.map((one) =>
                        one.mode === "delete" ? one.deviceId : one.device.deviceId,
                    );
                    calls.push(ids);
                    const missing = ids.find((id) => !devices.has(id));
                    if (missing !== undefined) {
                        return [{ deviceId: missing, code: "DeviceNotFound", message: "" }];
                    }
                    ids.forEach((id) => devices.delete(id));
                    return [];
                },
            };
            return { calls, devices, registry: registry as unknown as Registry };
        }

        it("the unapplied items of a refused request are sent again without the refused one", async () => {
            const { calls, devices, registry } = playingAtomic("d-0", "d-2");
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(small)), 3);
            await pass(minute, 50);
            const codes = (await all).map(
                (result) => (result as { value?: ItemError }).value?.code ?? "done",
            );
            assert.deepEqual(codes, ["done", "DeviceNotFound", "done"]);
            assert.deepEqual(calls, [
                ["d-0", "d-1", "d-2"],
                ["d-0", "d-2"],
            ]);
            assert.equal(devices.size, 0);
        });

        it("an error for a device outside the request fails the request instead of repeating it endlessly", async () => {
            const error = { deviceId: "stranger", code: "DeviceNotFound", message: "gone" };
            const { calls, registry } = playing([error]);
            const all = runAll(new RegistryQueue(registry, new LocalRateLimiters(small)), 2);
            await pass(minute, 50);
            assert.deepEqual(
                (await all).map(({ status }) => status),
                ["rejected", "rejected"],
            );
            assert.equal(calls.length, 1);
        });
    });

    describe("progress", () => {
        it("shows the progress and the time left at the hub's rate", () => {
            const progress = new Progress({ sku: "S1", units: 1 }, 100);
            progress.expect(1000, 240);
            mock.timers.tick(minute);
            progress.wrote(100);
            assert.equal(
                progress.line(Date.now()),
                "340 of 1,000 identities, about 7 min left at S1 x 1",
            );
        });

        it("prints nothing at the end", () => {
            const progress = new Progress({ sku: "S3", units: 2 }, 10_000);
            progress.expect(10, 0);
            progress.wrote(10);
            assert.equal(progress.line(Date.now()), undefined);
        });
    });
});
