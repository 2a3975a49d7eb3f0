import { strict as assert } from "assert";
import { createServer } from "http";
import { AddressInfo } from "net";
import { Readable } from "stream";
import { inspect } from "util";
import {
    RateLimitRequest,
    sharedRateLimiters,
} from "../../../../components/rateLimit/sharedRateLimiters";
import { RateLimitServer } from "../../../../cli/fleet/rateLimitServer";
import { largestBody, readRequest } from "../../../../cli/fleet/rateLimitRequest";
import { SingleFlight } from "../../../../cli/fleet/singleFlight";
import { ask } from "../../../support/rateLimitServer";

const hub = "iot-abc.azure-devices.net";
/** 100 identity operations a minute. */
const small = { sku: "S1", units: 1 };
const what = "devices of iot-x509/dev";
const forged: RateLimitRequest = {
    ...{ hub, size: small, limit: "queries", action: "answer", amount: 0, what },
    answer: '["forged"]',
};

describe("npm run fleet: authentication at the rate limit server", () => {
    let rateLimitServer: RateLimitServer;

    beforeEach(async () => (rateLimitServer = await RateLimitServer.start()));
    afterEach(() => rateLimitServer.close());

    const send = (changes: Partial<RateLimitRequest>) =>
        ask(rateLimitServer, { body: JSON.stringify({ ...forged, ...changes }) });

    it("a program without the token can neither give an answer nor use up the rate", async () => {
        const token = new URL(rateLimitServer.address).username;
        const wrong = [
            null,
            "",
            "Bearer",
            "Bearer ",
            token,
            `Basic ${token}`,
            `Bearer ${token.slice(1)}`,
            `Bearer ${token}x`,
            `Bearer ${"A".repeat(token.length)}`,
        ];
        for (const authorization of wrong) {
            for (const changes of [{}, { action: "refused" }, { action: "take", amount: 100 }]) {
                const body = JSON.stringify({ ...forged, limit: "registry", ...changes });
                assert.equal(await ask(rateLimitServer, { body, authorization }), 401);
            }
        }
        const limiters = sharedRateLimiters(rateLimitServer.address, hub, small);
        await limiters.registry.take(100);
        assert.equal(await limiters.once(what, () => Promise.resolve("found")), "found");
    });

    it("the token has 256 bits and differs each time", async () => {
        const other = await RateLimitServer.start();
        const [one, two] = [rateLimitServer, other].map(({ address }) => new URL(address).username);
        other.close();
        assert.equal(Buffer.from(one, "base64url").length, 32);
        assert.notEqual(one, two);
    });

    it("a client with another token does not mistake the refusal for permission or an answer", async () => {
        const { port } = new URL(rateLimitServer.address);
        const limiters = sharedRateLimiters(`http://other@127.0.0.1:${port}`, hub, small);
        const refused = /the fleet's rate limit server returned HTTP 401/;
        await assert.rejects(limiters.registry.take(1), refused);
        await assert.rejects(
            limiters.once(what, () => Promise.resolve("found")),
            refused,
        );
        limiters.registry.onThrottled();
    });

    it("no error or printed server contains the token", async () => {
        const token = new URL(rateLimitServer.address).username;
        const shown = [
            inspect(rateLimitServer, { depth: 9, showHidden: true }),
            JSON.stringify({ rateLimitServer }),
        ];
        const failures = [
            () => sharedRateLimiters(`http//${token}@127.0.0.1`, hub, small).registry.take(1),
            () => sharedRateLimiters(`http://${token}@127.0.0.1:1`, hub, small).registry.take(1),
            () => sharedRateLimiters(rateLimitServer.address + "/", hub, small).registry.take(1e9),
        ];
        for (const fail of failures) {
            const error: unknown = await fail().then(
                () => assert.fail("it did not fail"),
                (reason: unknown) => reason,
            );
            shown.push(inspect(error, { depth: 9, showHidden: true }));
        }
        shown.forEach((text) => assert.ok(!text.includes(token), text));
    });

    it("a body that is too large is refused before it has arrived", async () => {
        const headers = { "content-length": String(largestBody + 1) };
        assert.equal(await ask(rateLimitServer, { headers }), 413);
    });

    it("a body without announced length is read only up to the limit", async () => {
        const body = Buffer.from(JSON.stringify(forged));
        let sent = 0;
        async function* chunks() {
            for (; ; sent += body.length) {
                yield await Promise.resolve(body);
            }
        }
        const request = Object.assign(chunks(), { headers: {} });
        await assert.rejects(readRequest(request, 3 * body.length), { status: 413 });
        assert.equal(sent, 3 * body.length);
        const whole = Object.assign(Readable.from([body]), { headers: {} });
        assert.deepEqual(await readRequest(whole, body.length), forged);
    });

    it("at most a minute's amount is granted, and no negative amount", async () => {
        const taken: [number, number][] = [
            [100, 204],
            [101, 400],
            [-1, 400],
            [1e300, 400],
        ];
        for (const [amount, status] of taken) {
            assert.equal(await send({ limit: "registry", action: "take", amount }), status);
        }
        await sharedRateLimiters(
            rateLimitServer.address,
            "iot-other.azure-devices.net",
            small,
        ).registry.take(100);
    });

    it("names of hubs and questions are limited in length, and hubs in number", async () => {
        assert.equal(await send({ hub: "x".repeat(1001) }), 400);
        assert.equal(await send({ what: "x".repeat(1001) }), 400);
        for (let index = 0; index < 100; index++) {
            assert.equal(await send({ hub: `iot-${index}`, action: "refused" }), 204);
        }
        assert.equal(await send({ hub: "one-more", action: "refused" }), 413);
        assert.equal(await send({ hub: "iot-1", action: "refused" }), 204);
    });

    it("the first answer counts", async () => {
        const limiters = sharedRateLimiters(rateLimitServer.address, hub, small);
        assert.equal(await limiters.once(what, () => Promise.resolve("found")), "found");
        assert.equal(await send({}), 204);
        assert.equal(await limiters.once(what, () => assert.fail("asked again")), "found");
    });

    it("answers are limited in number and size; a client without room learns so", () => {
        const answers = new SingleFlight({ questions: 2, characters: 10 });
        assert.equal(answers.give("a", "123456"), true);
        assert.equal(answers.give("b", "12345"), false);
        assert.equal(answers.give("b", "1234"), true);
        assert.equal(answers.give("c", ""), false);
    });

    it("an answer that is not stored is still returned to its finder", async () => {
        const server = createServer((request, response) => {
            request.resume();
            request.on("end", () => response.writeHead(claims++ === 0 ? 202 : 413).end());
        });
        let claims = 0;
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        const limiters = sharedRateLimiters(`http://token@127.0.0.1:${port}`, hub, small);
        assert.equal(await limiters.once(what, () => Promise.resolve("found")), "found");
        server.close();
        assert.equal(claims, 2);
    });
});
