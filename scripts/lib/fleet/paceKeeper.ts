import { createServer, IncomingMessage, Server, ServerResponse } from "http";
import { AddressInfo } from "net";
import { hubLimits, HubSize } from "../../../components/iothub/hubLimits";
import { OwnPace } from "../../../components/iothub/pace";
import { SharedAnswers } from "./sharedAnswers";
import { PaceRequest, stoppedStatus } from "../../../components/iothub/sharedPace";

/**
 * Keeps the pace of the hubs for all stacks that are deployed at once, so that together they stay below the limits.
 * Listens on loopback.
 */
export class PaceKeeper {
    private readonly hubs = new Map<string, OwnPace>();
    private readonly answers = new SharedAnswers();
    private readonly waiting = new Set<ServerResponse>();
    private isStopped = false;

    private constructor(private readonly server: Server) {
        server.on("request", (request: IncomingMessage, response: ServerResponse) => {
            // One that cannot be read, or whose sender was killed meanwhile, is nobody else's trouble.
            this.answer(request, response).catch(() => response.destroy());
        });
    }

    static async start(): Promise<PaceKeeper> {
        const server = createServer();
        await new Promise<void>((resolve, reject) => {
            server.once("error", reject);
            server.listen(0, "127.0.0.1", resolve);
        });
        return new PaceKeeper(server);
    }

    /** `http://127.0.0.1:PORT`. */
    get address(): string {
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    /** From now on nobody may send: whoever waits or asks is told that the deployment is being stopped. */
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

    /** The slowest that anybody knows of: who has only a hub's name takes it for the largest. */
    private paceOf(hub: string, size: HubSize): OwnPace {
        const known = this.hubs.get(hub);
        if (known !== undefined && known.registry.perMinute <= hubLimits(size).registryPerMinute) {
            return known;
        }
        const pace = new OwnPace(size);
        this.hubs.set(hub, pace);
        return pace;
    }

    private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        for await (const chunk of request) {
            chunks.push(chunk as Buffer);
        }
        const {
            hub,
            size,
            limit,
            action,
            amount,
            what = "",
            answer = "",
        } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as PaceRequest;
        const paces = this.paceOf(hub, size);
        if (action === "claim" && !this.isStopped) {
            this.answers.claim(`${hub} ${what}`, response);
            return;
        }
        if (action === "answer") {
            this.answers.give(`${hub} ${what}`, answer);
        } else if (action === "refused") {
            paces[limit].refused();
        } else if (action === "take" && !this.isStopped) {
            this.waiting.add(response);
            await paces[limit].take(amount);
            this.waiting.delete(response);
        }
        if (!response.headersSent) {
            const isRefused = this.isStopped && (action === "take" || action === "claim");
            response.writeHead(isRefused ? stoppedStatus : 204).end();
        }
    }
}
