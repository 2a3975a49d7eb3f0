import { createHash, randomBytes, timingSafeEqual } from "crypto";
import { createServer, IncomingMessage, Server, ServerResponse } from "http";
import { AddressInfo } from "net";
import { hubLimits, HubSize } from "../../components/azure/serviceLimits";
import { LocalRateLimiters } from "../../components/rateLimit/localRateLimiters";
import { authorization, stoppedStatus } from "../../components/rateLimit/sharedRateLimiters";
import { BadRequest, readRequest } from "./rateLimitRequest";
import { SingleFlight } from "./singleFlight";

/** A fleet has few hubs: the platform's, and those to which its provisioning service assigns devices. */
const mostHubs = 100;

/**
 * Holds the hubs' rate limiters for all stacks that are deployed at once, so that together they stay below the limits.
 * Listens on loopback and accepts only requests with the token: other programs on the machine can connect, too, and
 * answers passed on here are trusted as if they came from Azure.
 */
export class RateLimitServer {
    private readonly hubs = new Map<string, LocalRateLimiters>();
    private readonly answers = new SingleFlight();
    private readonly waiting = new Set<ServerResponse>();
    private isStopped = false;
    /** Not enumerable, so that printing this object does not reveal it. */
    readonly #token = randomBytes(32).toString("base64url");

    private constructor(private readonly server: Server) {
        server.on("request", (request: IncomingMessage, response: ServerResponse) => {
            this.answer(request, response).catch((error: unknown) => refuse(response, error));
        });
    }

    static async start(): Promise<RateLimitServer> {
        const server = createServer();
        await new Promise<void>((resolve, reject) => {
            server.once("error", reject);
            server.listen(0, "127.0.0.1", resolve);
        });
        return new RateLimitServer(server);
    }

    /** `http://TOKEN@127.0.0.1:PORT`: a secret, for the environment of child processes. */
    get address(): string {
        return `http://${this.#token}@127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    /** From now on nobody may send: waiting and new requests are answered that the deployment is being stopped. */
    stop(): void {
        this.isStopped = true;
        this.waiting.forEach((response) => response.writeHead(stoppedStatus).end());
        this.waiting.clear();
        this.answers.stop();
    }

    close(): void {
        this.server.close();
        this.server.closeAllConnections();
    }

    /** The slowest limits reported for a hub: a process that has only the hub's name assumes the largest size. */
    private limitersOf(hub: string, size: HubSize): LocalRateLimiters {
        const known = this.hubs.get(hub);
        if (known !== undefined && known.registry.perMinute <= hubLimits(size).registryPerMinute) {
            return known;
        }
        if (known === undefined && this.hubs.size >= mostHubs) {
            throw new BadRequest(413);
        }
        const limiters = new LocalRateLimiters(size);
        this.hubs.set(hub, limiters);
        return limiters;
    }

    private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
        if (!isSame(request.headers.authorization ?? "", authorization(this.#token))) {
            throw new BadRequest(401);
        }
        const { hub, size, limit, action, amount, what, answer } = await readRequest(request);
        const limiter = this.limitersOf(hub, size)[limit];
        const question = `${hub} ${what ?? ""}`;
        if (action === "claim" && !this.isStopped) {
            this.answers.claim(question, response);
            return;
        }
        if (action === "answer") {
            if (!this.answers.give(question, answer ?? "")) {
                throw new BadRequest(413);
            }
        } else if (action === "refused") {
            limiter.onThrottled();
        } else if (action === "take" && !this.isStopped) {
            // More than one minute's amount would wait forever, and block all others.
            if (amount > limiter.perMinute) {
                throw new BadRequest(400);
            }
            this.waiting.add(response);
            await limiter.take(amount);
            this.waiting.delete(response);
        }
        if (!response.headersSent) {
            const isRefused = this.isStopped && (action === "take" || action === "claim");
            response.writeHead(isRefused ? stoppedStatus : 204).end();
        }
    }
}

/** A request that cannot be read, or whose sender was killed, does not affect others. */
function refuse(response: ServerResponse, error: unknown): void {
    if (error instanceof BadRequest && !response.headersSent) {
        // Does not wait for the rest of the request.
        response.writeHead(error.status, { connection: "close" }).end();
    } else {
        response.destroy();
    }
}

/** Compares in constant time, regardless of content and length. */
function isSame(one: string, other: string): boolean {
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    return timingSafeEqual(digest(one), digest(other));
}
