import * as http from "http";
import type { AddressInfo } from "net";

/** `/health` and `/metrics`, without TLS and without a login: it listens on a loopback address. */
export class StatusServer {
    private readonly server: http.Server;

    /** @param problem why the service is not healthy; undefined: it is */
    constructor(metrics: () => string, problem: () => string | undefined) {
        this.server = http.createServer({ requestTimeout: 5_000 }, ({ url }, reply) => {
            if (url === "/health") {
                const cause = problem();
                reply.writeHead(cause === undefined ? 200 : 503, { "Content-Type": "text/plain" });
                reply.end(`${cause ?? "ok"}\n`);
            } else if (url === "/metrics") {
                reply.writeHead(200, { "Content-Type": "text/plain; version=0.0.4" });
                reply.end(metrics());
            } else {
                reply.writeHead(404).end();
            }
        });
        this.server.maxConnections = 50;
    }

    /** @returns the port */
    async listen(host: string, port: number): Promise<number> {
        await new Promise<void>((resolve, reject) => {
            this.server.once("error", reject);
            this.server.listen(port, host, resolve);
        });
        return (this.server.address() as AddressInfo).port;
    }

    close(): void {
        this.server.close();
        this.server.closeAllConnections();
    }
}
