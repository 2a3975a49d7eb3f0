import { strict as assert } from "assert";
import { setTimeout as sleep } from "timers/promises";
import { RateLimitServer } from "../../../../cli/fleet/rateLimitServer";
import { HubRateLimiters } from "../../../../components/rateLimit/rateLimiter";
import { sharedRateLimiters } from "../../../../components/rateLimit/sharedRateLimiters";

/** 100 identity operations and 20 pages of queries a minute, both of which may go at once. */
const small = { sku: "S1", units: 1 };
/** 600 of them a second: 60 take a tenth of a second. */
const large = { sku: "S3", units: 7.2 };
/** What the large hub lets through at once. */
const atOnce = 36_000;

const hub = "iot-abc.azure-devices.net";
const stopped = /stopped before the request was sent to the hub; the next run continues here/;

/** Real HTTP on loopback, and real time, with rates that make waiting short or endless. */
describe("npm run fleet: the rate limit that all stacks share", () => {
    let rateLimitServer: RateLimitServer;
    let first: HubRateLimiters;
    let second: HubRateLimiters;

    beforeEach(async () => (rateLimitServer = await RateLimitServer.start()));
    afterEach(() => rateLimitServer.close());

    const client = (size = small, of = hub) =>
        sharedRateLimiters(rateLimitServer.address, of, size);

    async function seconds(work: () => Promise<unknown>): Promise<number> {
        const began = performance.now();
        await work();
        return (performance.now() - began) / 1000;
    }

    /** Whether it is still pending after a time in which an answer on loopback comes many times over. */
    async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
        const pending = Symbol("pending");
        promise.catch(() => undefined);
        return (await Promise.race([promise, sleep(250, pending)])) === pending;
    }

    it("the server listens only on loopback, on a free port", async () => {
        assert.match(rateLimitServer.address, /^http:\/\/[\w-]{43}@127\.0\.0\.1:[1-9]\d{3,4}$/);
        const other = await RateLimitServer.start();
        assert.notEqual(other.address, rateLimitServer.address);
        other.close();
    });

    it("a client knows the rates of its hub", () => {
        const { registry, queries } = client();
        assert.deepEqual([registry.perMinute, queries.perMinute], [100, 20]);
        const three = client({ sku: "S3", units: 3 });
        assert.deepEqual([three.registry.perMinute, three.queries.perMinute], [15_000, 3000]);
    });

    describe("two clients of one hub", () => {
        it("share the initial burst", async () => {
            [first, second] = [client(), client()];
            await first.registry.take(60);
            await second.registry.take(40);
            assert.ok(await isWaiting(first.registry.take(1)));
        });

        it("share its rate afterwards", async () => {
            [first, second] = [client(large), client(large)];
            await first.registry.take(atOnce);
            const taken = await seconds(() =>
                Promise.all([first.registry.take(240), second.registry.take(240)]),
            );
            assert.ok(taken > 0.7 && taken < 5, `480 of 600 a second took ${taken} s`);
        });

        it("wait in the order of their requests", async () => {
            [first, second] = [client(large), client(large)];
            await first.registry.take(atOnce);
            const order: string[] = [];
            const ask = (limiters: HubRateLimiters, name: string) =>
                limiters.registry.take(100).then(() => order.push(name));
            const asked = [ask(second, "second")];
            await sleep(20);
            asked.push(ask(first, "first"));
            await sleep(20);
            asked.push(ask(second, "second again"));
            await Promise.all(asked);
            assert.deepEqual(order, ["second", "first", "second again"]);
        });

        it("a 429 for one slows the other", async () => {
            [first, second] = [client(), client()];
            await second.registry.take(1);
            first.registry.onThrottled();
            await sleep(100);
            assert.ok(await isWaiting(second.registry.take(1)));
        });

        it("a 429 of a query slows only queries", async () => {
            [first, second] = [client(), client()];
            first.queries.onThrottled();
            await sleep(100);
            await second.registry.take(100);
            assert.ok(await isWaiting(second.queries.take(1)));
        });

        it("queries and identities have separate rates", async () => {
            [first, second] = [client(), client()];
            await first.registry.take(100);
            await second.queries.take(20);
            assert.ok(await isWaiting(first.queries.take(1)));
        });
    });

    it("clients of two hubs share nothing", async () => {
        [first, second] = [client(), client(small, "iot-other.azure-devices.net")];
        await first.registry.take(100);
        first.registry.onThrottled();
        await second.registry.take(100);
        assert.ok(await isWaiting(second.registry.take(1)));
    });

    it("stop ends all waiting calls with an error that says how to continue", async () => {
        [first, second] = [client(), client()];
        await first.registry.take(100);
        const waiting = [first.registry.take(1), second.registry.take(2), second.registry.take(1)];
        assert.ok(await isWaiting(waiting[0]));
        const took = await seconds(async () => {
            rateLimitServer.stop();
            for (const result of await Promise.allSettled(waiting)) {
                assert.equal(result.status, "rejected");
                assert.match((result.reason as Error).message, stopped);
            }
        });
        assert.ok(took < 1, `${took} s`);
    });

    it("after stop no call passes, even within the rate, and notifications are harmless", async () => {
        rateLimitServer.stop();
        first = client();
        first.registry.onThrottled();
        await assert.rejects(first.registry.take(1), stopped);
        await assert.rejects(first.queries.take(1), stopped);
    });

    it("a waiting call fails when the rate limit server is gone", async () => {
        first = client();
        await first.registry.take(100);
        const waiting = first.registry.take(1);
        assert.ok(await isWaiting(waiting));
        rateLimitServer.close();
        await assert.rejects(waiting, /socket hang up|ECONNRESET/);
        first.registry.onThrottled();
        await assert.rejects(first.registry.take(1), /ECONNREFUSED/);
    });
});
