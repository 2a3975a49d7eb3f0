import { strict as assert } from "assert";
import { createServer } from "http";
import { AddressInfo, connect } from "net";
import { networkInterfaces } from "os";
import { setTimeout as sleep } from "timers/promises";
import { RateLimitServer } from "../../../../cli/fleet/rateLimitServer";
import { sharedRateLimiters } from "../../../../components/rateLimit/sharedRateLimiters";
import { ask } from "../../../support/rateLimitServer";

/** 100 identity operations a minute, which may go at once. */
const small = { sku: "S1", units: 1 };
/** 600 of them a second. */
const large = { sku: "S3", units: 7.2 };
/** What the large hub lets through at once. */
const atOnce = 36_000;

const hub = "iot-abc.azure-devices.net";
const stopped = /stopped before the request was sent to the hub; the next run continues here/;

describe("npm run fleet: the rate limit server", () => {
    let rateLimitServer: RateLimitServer;
    /** Mocha lets such a rejection pass; the command would end with it. */
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);

    beforeEach(async () => {
        unhandled.length = 0;
        process.on("unhandledRejection", note);
        rateLimitServer = await RateLimitServer.start();
    });

    afterEach(() => {
        process.off("unhandledRejection", note);
        rateLimitServer.close();
    });

    /** `connected`, or the code of the error. */
    function reach(host: string): Promise<string> {
        return new Promise((resolve) => {
            const socket = connect({ host, port: Number(new URL(rateLimitServer.address).port) });
            const end = (result: string): void => {
                socket.destroy();
                resolve(result);
            };
            socket.once("connect", () => end("connected"));
            socket.once("error", ({ code }: NodeJS.ErrnoException) => end(code ?? "error"));
            socket.setTimeout(2000, () => end("no answer"));
        });
    }

    it("is not reachable on the machine's other addresses", async () => {
        assert.equal(await reach("127.0.0.1"), "connected");
        const others = Object.values(networkInterfaces())
            .flatMap((all) => all ?? [])
            .filter(({ address, scopeid }) => address !== "127.0.0.1" && !scopeid)
            .map(({ address }) => address);
        // All of 127.0.0.0/8 is loopback on Linux; elsewhere nothing is there.
        for (const address of ["127.0.0.2", ...others]) {
            assert.notEqual(await reach(address), "connected", address);
        }
    });

    it("a hub keeps the slowest rate that any client requests", async () => {
        const byName = sharedRateLimiters(rateLimitServer.address, hub, { sku: "S3", units: 10 });
        const byResource = sharedRateLimiters(rateLimitServer.address, hub, small);
        await byName.registry.take(atOnce);
        await byResource.registry.take(100);
        // At the pace of the largest hub each of these would take less than a second.
        for (const limiters of [byResource, byName, byResource]) {
            const waiting = limiters.registry.take(10);
            waiting.catch(() => undefined);
            assert.equal(await Promise.race([waiting, sleep(1000, "waiting")]), "waiting");
        }
        rateLimitServer.stop();
    });

    it("a request after stop is answered immediately, although the rate would make it wait", async () => {
        const limiters = sharedRateLimiters(rateLimitServer.address, hub, small);
        await limiters.registry.take(100);
        rateLimitServer.stop();
        const began = performance.now();
        await assert.rejects(limiters.registry.take(100), stopped);
        const took = performance.now() - began;
        assert.ok(took < 5000, `${took} ms`);
    });

    it("a request whose turn comes after stop is not answered twice", async () => {
        const limiters = sharedRateLimiters(rateLimitServer.address, hub, large);
        await limiters.registry.take(atOnce);
        const waiting = limiters.registry.take(180);
        await sleep(50);
        rateLimitServer.stop();
        await assert.rejects(waiting, stopped);
        // 180 of 600 a second take 0.3 s.
        await sleep(600);
        assert.deepEqual(unhandled, []);
    });

    it("no request reuses an idle connection, which may be closing", async () => {
        let connections = 0;
        const server = createServer((_, response) => response.writeHead(204).end());
        server.on("connection", () => connections++);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        const limiters = sharedRateLimiters(`http://token@127.0.0.1:${port}`, hub, small);
        for (let message = 0; message < 3; message++) {
            await limiters.registry.take(1);
        }
        server.close();
        assert.equal(connections, 3);
    });

    it("an unreadable request is refused, and the others continue", async () => {
        for (const body of ["", "{", "null", "[]", '{"hub":1}']) {
            assert.equal(await ask(rateLimitServer, { body }), 400, body);
        }
        await sharedRateLimiters(rateLimitServer.address, hub, small).registry.take(1);
        assert.deepEqual(unhandled, []);
    });

    it("a notification may be refused or lost without an error", async () => {
        const limiters = sharedRateLimiters(rateLimitServer.address, hub, small);
        const tellAll = (): void => {
            limiters.registry.onThrottled();
            limiters.queries.onThrottled();
        };
        rateLimitServer.stop();
        tellAll();
        await assert.rejects(limiters.registry.take(1), stopped);
        rateLimitServer.close();
        tellAll();
        await assert.rejects(limiters.registry.take(1), /ECONNREFUSED|ECONNRESET|socket hang up/);
        await sleep(50);
        assert.deepEqual(unhandled, []);
    });

    describe("a result that one process determines for all", () => {
        const what = "devices of iot-x509/dev";
        const another = () => sharedRateLimiters(rateLimitServer.address, hub, small);

        it("is determined once for simultaneous and later requests", async () => {
            let made = 0;
            const make = async (): Promise<number[]> => {
                await sleep(50);
                return [++made];
            };
            const together = [1, 2, 3].map(() => another().once(what, make));
            assert.deepEqual(await Promise.all(together), [[1], [1], [1]]);
            assert.deepEqual(await another().once(what, make), [1]);
            assert.equal(made, 1);
            await sleep(50);
            assert.deepEqual(unhandled, []);
        });

        it("is separate for each hub and each question", async () => {
            const make = (answer: string) => () => Promise.resolve(answer);
            const other = sharedRateLimiters(
                rateLimitServer.address,
                "other.azure-devices.net",
                small,
            );
            assert.equal(await another().once(what, make("a")), "a");
            assert.equal(await other.once(what, make("b")), "b");
            assert.equal(await another().once("devices of iot-x509/prod", make("c")), "c");
        });

        it("is determined by the next process when the first fails or is killed", async () => {
            const failing = another().once(what, async () => {
                await sleep(50);
                throw new Error("the hub is away");
            });
            await sleep(10);
            const waiting = another().once(what, () => Promise.resolve("found"));
            await assert.rejects(failing, /the hub is away/);
            assert.equal(await waiting, "found");
            assert.deepEqual(unhandled, []);
        });

        it("is not waited for after stop", async () => {
            let end: (answer: string) => void = () => undefined;
            const claimed = another().once(what, () => new Promise((done) => (end = done)));
            await sleep(50);
            const waiting = another().once(what, () => Promise.resolve("never"));
            await sleep(50);
            rateLimitServer.stop();
            await assert.rejects(waiting, stopped);
            await assert.rejects(
                another().once(what, () => Promise.resolve("never")),
                stopped,
            );
            end("mine");
            assert.equal(await claimed, "mine");
            await sleep(50);
            assert.deepEqual(unhandled, []);
        });
    });
});
